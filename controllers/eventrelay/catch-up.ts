import type { ApiClient } from '../../api/client/index.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import { BATCH_RECORDS_MAX, type Batch } from './follow.ts';
import { type Gap, type RecordContext, recordOfGap, recordOfListed, type StreamRecord } from './records.ts';
import { parseRevision } from './revision.ts';
import type { RevisionGroup } from './revision-assembler.ts';

export interface CatchUpOptions {
  readonly client: Pick<ApiClient, 'listAll'>;
  readonly records: RecordContext;
  readonly nowMs: number;
  /** The cursor; undefined where there is none. */
  readonly from: number | undefined;
  readonly signal: AbortSignal;
}

/** What is stored now and was not relayed before, with the record that says why it is read so. */
export interface CatchUp {
  readonly gap: Gap;
  readonly batches: readonly Batch[];
}

/**
 * Reads the Events anew where their changes can't be had: the gap record first, then every Event that is newer
 * than the cursor, in the order of their revisions. A cursor that is ahead of
 * the store says nothing of it.
 * @throws ApiError, ApiUnreachableError
 */
export async function readCatchUp(options: CatchUpOptions): Promise<CatchUp> {
  const { client, records, from, nowMs, signal } = options;
  const list = await client.listAll<Event>(eventDefinition, { signal });
  const to = parseRevision(list.resourceVersion);
  const isAhead = from !== undefined && to < from;
  const reason = from === undefined ? 'NoCursor' : isAhead ? 'CursorAhead' : 'Compacted';
  const gap: Gap = { reason, from, to };
  const relayedThrough = isAhead ? 0 : (from ?? 0);
  const groups = groupByRevision(
    list.items
      .filter(({ metadata }) => parseRevision(metadata.resourceVersion) > relayedThrough)
      .map((event) => recordOfListed(records, event)),
  );
  const first = { revision: relayedThrough, items: [recordOfGap(records, gap, nowMs)] };
  return { gap, batches: inBatches([first, ...groups], to) };
}

function groupByRevision(records: readonly StreamRecord[]): RevisionGroup<StreamRecord>[] {
  const groups = new Map<number, StreamRecord[]>();
  for (const record of records) {
    const revision = parseRevision(record.resourceversion);
    groups.set(revision, [...(groups.get(revision) ?? []), record]);
  }
  return [...groups]
    .map(([revision, items]) => ({ revision, items }))
    .sort((one, other) => one.revision - other.revision);
}

/** The last batch leads to the list's own revision. */
function inBatches(groups: readonly RevisionGroup<StreamRecord>[], to: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < groups.length; start += BATCH_RECORDS_MAX) {
    const part = groups.slice(start, start + BATCH_RECORDS_MAX);
    const isLast = start + BATCH_RECORDS_MAX >= groups.length;
    batches.push({ groups: part, through: isLast ? to : (part.at(-1)?.revision ?? to) });
  }
  return batches;
}
