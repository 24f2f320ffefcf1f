import type { Command } from 'commander';
import { stringify } from 'yaml';
import type { ApiClient } from '../../api/client/api-client.ts';
import { resourcePath } from '../../api/client/resource-path.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { parseResourceArguments, type ResourceArgument } from '../resource-argument.ts';
import { formatTable, parseTable, TABLE_ACCEPT } from '../table.ts';

interface GetFlags extends GlobalOptions {
  readonly output?: string;
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
}

const OUTPUTS = ['wide', 'yaml', 'json', 'name'];

function scopeOf(definition: ResourceDefinition, flags: GetFlags): { namespace: string | undefined } {
  return {
    namespace: definition.namespaced && flags.allNamespaces !== true ? namespaceOf(flags) : undefined,
  };
}

async function readObjects(
  client: ApiClient,
  each: ResourceArgument,
  flags: GetFlags,
  signal: AbortSignal,
): Promise<ApiObject[]> {
  const { definition, names } = each;
  const { namespace } = scopeOf(definition, flags);
  if (names.length > 0) {
    return Promise.all(
      names.map((name) => client.get<ApiObject>(definition, { namespace, name }, { signal })),
    );
  }
  const selectors = { labelSelector: flags.selector, fieldSelector: flags.fieldSelector };
  return (await client.listAll<ApiObject>(definition, { namespace, ...selectors, signal })).items;
}

async function readTables(
  client: ApiClient,
  each: ResourceArgument,
  flags: GetFlags,
  signal: AbortSignal,
): Promise<string[]> {
  const { namespace } = scopeOf(each.definition, flags);
  const targets = each.names.length > 0 ? each.names.map((name) => ({ namespace, name })) : [{ namespace }];
  const query =
    each.names.length > 0 ? {} : { labelSelector: flags.selector, fieldSelector: flags.fieldSelector };
  const tables = await Promise.all(
    targets.map(async (target) =>
      parseTable(
        await client.request({
          method: 'GET',
          path: resourcePath(each.definition, target),
          query,
          headers: { accept: TABLE_ACCEPT },
          signal,
        }),
      ),
    ),
  );
  const [first] = tables;
  if (first === undefined) return [];
  const rows = tables.flatMap((table) => table.rows);
  if (rows.length === 0) return [];
  const withNamespace = flags.allNamespaces === true && each.definition.namespaced;
  return [formatTable({ ...first, rows }, { wide: flags.output === 'wide', withNamespace })];
}

async function get(words: readonly string[], flags: GetFlags, context: CliContext): Promise<void> {
  if (flags.output !== undefined && !OUTPUTS.includes(flags.output)) {
    throw new CliError(`-o ${flags.output}: expected one of ${OUTPUTS.join(', ')}`, EXIT_CODES.usage);
  }
  const wanted = parseResourceArguments(words);
  await withClient(flags, context, async (client) => {
    if (flags.output === undefined || flags.output === 'wide') {
      const parts = await Promise.all(wanted.map((each) => readTables(client, each, flags, context.signal)));
      const text = parts.flat().join('\n\n');
      if (text === '') context.stderr.write('No resources found.\n');
      else context.stdout.write(`${text}\n`);
      return;
    }
    const objects = (
      await Promise.all(wanted.map((each) => readObjects(client, each, flags, context.signal)))
    ).flat();
    context.stdout.write(formatObjects(objects, flags.output, wanted));
  });
}

function formatObjects(
  objects: readonly ApiObject[],
  output: string,
  wanted: readonly ResourceArgument[],
): string {
  if (output === 'name') {
    const singular = (kind: string) =>
      wanted.find((each) => each.definition.kind === kind)?.definition.singular ?? kind;
    return objects.map((object) => `${singular(object.kind)}/${object.metadata.name}\n`).join('');
  }
  const single = objects.length === 1 && wanted.length === 1 && wanted[0]?.names.length === 1;
  const value = single ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects };
  return output === 'yaml' ? stringify(value) : `${JSON.stringify(value, undefined, 2)}\n`;
}

export function registerGet(program: Command, context: CliContext): void {
  program
    .command('get')
    .summary('show objects')
    .argument('<kind...>', 'KIND [NAME...], KIND/NAME..., or several kinds with commas')
    .option('-o, --output <format>', 'wide, yaml, json or name')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'label selector, e.g. app=web')
    .option('--field-selector <fields>', 'field selector, e.g. spec.user=alice')
    .addHelpText(
      'after',
      '\nExamples:\n  holt get uservms\n  holt get uvm,sc -o wide\n  holt get uservm/alice -o yaml',
    )
    .action((words: string[], _flags, command: Command) => get(words, command.optsWithGlobals(), context));
}
