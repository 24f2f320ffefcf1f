import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { applyObject } from '../../api/client/apply.ts';
import { type Manifest, parseManifests, readManifestFolder } from '../../api/client/manifests.ts';
import { withSpan } from '../../lib/telemetry.ts';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { CliError, EXIT_CODES, explainError } from '../errors.ts';
import { traced } from '../traced.ts';

interface ApplyFlags extends GlobalOptions {
  readonly filename: readonly string[];
  readonly dryRun?: boolean;
}

async function readSource(path: string, namespace: string, context: CliContext): Promise<Manifest[]> {
  if (path === '-') return parseManifests(await text(context.stdin), 'standard input', namespace);
  const target = resolve(context.cwd, path);
  try {
    return parseManifests(await readFile(target, 'utf8'), path, namespace);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EISDIR') return readManifestFolder(target, namespace);
    if (code === 'ENOENT')
      throw new CliError(`-f ${path}: there is no such file or folder`, EXIT_CODES.usage);
    throw error;
  }
}

async function apply(flags: ApplyFlags, context: CliContext): Promise<void> {
  const manifests: Manifest[] = [];
  for (const path of flags.filename) manifests.push(...(await readSource(path, namespaceOf(flags), context)));
  if (manifests.length === 0)
    throw new CliError('nothing to apply: the files hold no object', EXIT_CODES.usage);
  await withClient(flags, context, async (client) => {
    let failure: ReturnType<typeof explainError> | undefined;
    for (const { definition, object } of manifests) {
      const label = `${definition.singular}/${object.metadata.name}`;
      try {
        const options = { dryRun: flags.dryRun === true, signal: context.signal };
        const { name = '', namespace } = object.metadata;
        const attributes = { resource: definition.plural, namespace, name };
        const { outcome } = await withSpan(`apply ${label}`, { attributes }, () =>
          applyObject(client, definition, object, options),
        );
        context.stdout.write(`${label} ${outcome}${flags.dryRun === true ? ' (dry run)' : ''}\n`);
      } catch (error) {
        failure = explainError(error);
        context.stderr.write(`holt: ${label}: ${failure.message}\n`);
      }
    }
    if (failure !== undefined) throw new CliError('some objects were not applied', failure.exitCode);
  });
}

export function registerApply(program: Command, context: CliContext): void {
  program
    .command('apply')
    .summary('create or change objects from YAML or JSON')
    .description(
      'Creates what is missing and changes what differs; leaves alone what the files do not mention.',
    )
    .requiredOption('-f, --filename <path...>', 'file, folder, or - for standard input')
    .option('--dry-run', 'let the server check it, store nothing')
    .addHelpText('after', '\nExamples:\n  holt apply -f examples/\n  cat alice.yaml | holt apply -f -')
    .action((_flags, command: Command) =>
      traced('apply', context, () => apply(command.optsWithGlobals(), context)),
    );
}
