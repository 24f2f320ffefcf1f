import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { ApiClient } from '../../api/client/api-client.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { parseResourceArguments } from '../resource-argument.ts';
import { formatColumns } from '../table.ts';

async function eventsOf(client: ApiClient, object: Stored<ApiObject>, signal: AbortSignal): Promise<Event[]> {
  const { items } = await client.listAll<Event>(eventDefinition, {
    namespace: object.metadata.namespace ?? 'default',
    fieldSelector: `involvedObject.uid=${object.metadata.uid}`,
    signal,
  });
  return items.sort((one, other) => (one.lastTimestamp ?? '').localeCompare(other.lastTimestamp ?? ''));
}

function formatEvents(events: readonly Event[]): string {
  if (events.length === 0) return 'Events:  <none>\n';
  const rows = events.map((event) => [
    event.type ?? '',
    event.reason ?? '',
    event.lastTimestamp ?? '',
    (event.count ?? 1) > 1 ? `x${event.count}` : '',
    event.source?.component ?? event.reportingComponent ?? '',
    event.message ?? '',
  ]);
  return `Events:\n${formatColumns([['TYPE', 'REASON', 'LAST SEEN', 'COUNT', 'FROM', 'MESSAGE'], ...rows])}\n`;
}

/** The object as YAML without what only machines read, then its events, oldest first. */
export function formatDescription(object: ApiObject, events: readonly Event[]): string {
  const { managedFields: _managed, annotations, ...metadata } = object.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...rest } = annotations ?? {};
  const shown = Object.keys(rest).length > 0 ? { ...metadata, annotations: rest } : metadata;
  return `${stringify({ ...object, metadata: shown })}${formatEvents(events)}`;
}

async function describeOne(
  client: ApiClient,
  definition: ResourceDefinition,
  name: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string> {
  const scope = definition.namespaced ? { namespace, name } : { name };
  const object = await client.get<ApiObject>(definition, scope, { signal });
  return formatDescription(object, await eventsOf(client, object, signal));
}

export function registerDescribe(program: Command, context: CliContext): void {
  program
    .command('describe')
    .summary('show objects whole, with their events')
    .argument('<kind...>', 'KIND [NAME...] or KIND/NAME...')
    .addHelpText('after', '\nExamples:\n  holt describe uservm alice\n  holt describe sc/alice-live')
    .action(async (words: string[], _flags, command: Command) => {
      const flags: GlobalOptions = command.optsWithGlobals();
      await withClient(flags, context, async (client) => {
        const parts: string[] = [];
        for (const { definition, names } of parseResourceArguments(words)) {
          const namespace = namespaceOf(flags);
          const all = names.length > 0 ? names : await allNames(client, definition, namespace);
          for (const name of all)
            parts.push(await describeOne(client, definition, name, namespace, context.signal));
        }
        context.stdout.write(parts.join('\n---\n'));
      });
    });
}

async function allNames(
  client: ApiClient,
  definition: ResourceDefinition,
  namespace: string,
): Promise<string[]> {
  const { items } = await client.listAll<ApiObject>(definition, definition.namespaced ? { namespace } : {});
  return items.map((item) => item.metadata.name);
}
