import { isRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import { ageOf } from './age.ts';
import type { Column } from './columns.ts';

/** Columns of `kubectl get events`. Source: kubernetes pkg/printers/internalversion/printers.go */
export function eventColumns(): readonly Column[] {
  return [
    column('Last Seen', 0, 'When it last happened', (event, nowMs) => ageOf(lastSeen(event), nowMs)),
    column('Type', 0, 'Normal or Warning', (event) => event.type),
    column('Reason', 0, 'A word for programs', (event) => event.reason),
    column('Object', 0, 'What it happened to', involvedObject),
    column('Subobject', 1, 'Part of the object', (event) => field(event.involvedObject, 'fieldPath')),
    column('Source', 1, 'Who reported it', source),
    column('Message', 0, 'A sentence for people', (event) => trimmed(event.message)),
    column('First Seen', 1, 'When it first happened', (event, nowMs) => ageOf(firstSeen(event), nowMs)),
    column('Count', 1, 'How often', count),
    column('Name', 1, 'Name of the Event', (event) => event.metadata.name),
  ];
}

function column(
  name: string,
  priority: number,
  description: string,
  cell: (event: ApiObject, nowMs: number) => unknown,
): Column {
  return {
    definition: {
      name,
      type: name === 'Count' ? 'integer' : 'string',
      format: name === 'Name' ? 'name' : '',
      description,
      priority,
    },
    cell: (event, nowMs) => cell(event, nowMs) ?? '',
  };
}

function field(value: unknown, name: string): string | undefined {
  const found = isRecord(value) ? value[name] : undefined;
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** `uservm/alice`: kubectl takes it as an argument. */
function involvedObject({ involvedObject: object }: ApiObject): string {
  const kind = (field(object, 'kind') ?? '').toLowerCase();
  const name = field(object, 'name');
  return name === undefined ? kind : `${kind}/${name}`;
}

function source(event: ApiObject): string | undefined {
  const component = field(event.source, 'component') ?? field(event, 'reportingComponent');
  const host = field(event.source, 'host') ?? field(event, 'reportingInstance');
  return host === undefined ? component : `${component ?? ''}, ${host}`;
}

/** The newer form of an Event counts in its series; one that happened once may carry no count. */
function count({ series, count: plainCount }: ApiObject): number {
  const inSeries = isRecord(series) ? series.count : undefined;
  if (typeof inSeries === 'number') return inSeries;
  return typeof plainCount === 'number' && plainCount > 0 ? plainCount : 1;
}

function trimmed(message: unknown): string {
  return typeof message === 'string' ? message.trim() : '';
}

function firstSeen(event: ApiObject): unknown {
  return event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
}

function lastSeen(event: ApiObject): unknown {
  return field(event.series, 'lastObservedTime') ?? event.lastTimestamp ?? firstSeen(event);
}
