import type { Command } from 'commander';
import type { ApiClient } from '../../api/client/api-client.ts';
import { ROLLOUT_CONDITIONS, ROLLOUT_REASONS } from '../../crds/guestimage/conditions.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import type { RolloutHistoryEntry } from '../../crds/guestimage/rollout.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import { type CliContext, type GlobalOptions, withClient } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { formatColumns } from '../table.ts';
import { conditionOf, waitFor } from '../wait-for.ts';

interface StatusFlags extends GlobalOptions {
  readonly wait: boolean;
  readonly timeout: string;
}

interface UndoFlags extends GlobalOptions {
  readonly toRevision?: string;
}

/** Reasons at which a rollout stays until somebody does something. */
const ENDS: ReadonlySet<string> = new Set([
  ROLLOUT_REASONS.RolloutComplete,
  ROLLOUT_REASONS.PartitionReached,
  ROLLOUT_REASONS.WaitingForStarts,
  ROLLOUT_REASONS.RolloutPaused,
]);
const FAILURES: ReadonlySet<string> = new Set([
  ROLLOUT_REASONS.RolledBack,
  ROLLOUT_REASONS.ProgressDeadlineExceeded,
]);

async function status(name: string, flags: StatusFlags, context: CliContext): Promise<void> {
  let told = '';
  let reason = '';
  const look = (object: ApiObject | undefined): boolean => {
    if (object === undefined) throw new CliError(`no GuestImage ${name}`, EXIT_CODES.notFound);
    const condition = conditionOf(object, ROLLOUT_CONDITIONS.RolledOut);
    const isObserved = condition?.observedGeneration === object.metadata.generation;
    const line =
      condition === undefined || !isObserved
        ? 'waiting until the change of the spec is seen'
        : `${condition.reason}: ${condition.message}`;
    if (line !== told) context.stdout.write(`${line}\n`);
    told = line;
    reason = isObserved ? (condition?.reason ?? '') : '';
    return !flags.wait || ENDS.has(reason) || FAILURES.has(reason);
  };
  await withClient(flags, context, (client) => {
    const timeoutMs = Number(flags.timeout) * 1000;
    const options = { client, definition: guestImageDefinition, name: { name }, timeoutMs };
    return waitFor({ ...options, signal: context.signal }, look);
  });
  if (FAILURES.has(reason)) throw new CliError(`guestimage/${name}: ${reason}`);
}

function historyOf({ status }: GuestImage): readonly RolloutHistoryEntry[] {
  return status?.rollout?.history ?? [];
}

async function history(name: string, flags: GlobalOptions, context: CliContext): Promise<void> {
  const image = await withClient(flags, context, (client) => read(client, name, context));
  const { desired, previous } = image.status?.rollout ?? {};
  const wordOf = (digest: string) => (digest === desired ? 'desired' : digest === previous ? 'previous' : '');
  const rows = historyOf(image).map(({ revision, artifact, outcome, startedAt }) => [
    ...[String(revision), artifact.version, outcome, startedAt, artifact.digest, wordOf(artifact.digest)],
  ]);
  const header = ['REVISION', 'VERSION', 'OUTCOME', 'STARTED', 'DIGEST', ''];
  context.stdout.write(`${formatColumns([header, ...rows])}\n`);
}

async function undo(name: string, flags: UndoFlags, context: CliContext): Promise<void> {
  await withClient(flags, context, async (client) => {
    const image = await read(client, name, context);
    if (image.spec.rollout?.paused === true) {
      throw new CliError(
        `guestimage/${name} is paused: "holt rollout resume ${name}" first`,
        EXIT_CODES.failure,
      );
    }
    const entry = targetOf(image, flags.toRevision);
    const { resourceVersion } = image.metadata;
    await client.patch(
      guestImageDefinition,
      { name },
      { metadata: { resourceVersion }, spec: entry.artifact },
      { signal: context.signal, fieldManager: 'holt' },
    );
    context.stdout.write(
      `guestimage/${name} set to ${entry.artifact.digest} of revision ${entry.revision}\n`,
    );
  });
}

/** @throws CliError where there is nothing to go back to */
function targetOf(image: GuestImage, toRevision: string | undefined): RolloutHistoryEntry {
  const others = historyOf(image).filter(({ artifact }) => artifact.digest !== image.spec.digest);
  const { previous } = image.status?.rollout ?? {};
  const found =
    toRevision === undefined
      ? (others.find(({ artifact }) => artifact.digest === previous) ?? others.at(-1))
      : historyOf(image).find(({ revision }) => String(revision) === toRevision);
  if (found !== undefined) return found;
  const { name } = image.metadata;
  const what = toRevision === undefined ? 'no earlier artifact' : `no revision ${toRevision}`;
  throw new CliError(`guestimage/${name} has ${what}; "holt rollout history ${name}" shows what there is`);
}

function read(client: ApiClient, name: string, { signal }: CliContext): Promise<Stored<GuestImage>> {
  return client.get<GuestImage>(guestImageDefinition, { name }, { signal });
}

async function setPaused(
  name: string,
  paused: boolean,
  flags: GlobalOptions,
  context: CliContext,
): Promise<void> {
  await withClient(flags, context, (client) =>
    client.patch(
      guestImageDefinition,
      { name },
      { spec: { rollout: { paused } } },
      { signal: context.signal, fieldManager: 'holt' },
    ),
  );
  context.stdout.write(`guestimage/${name} ${paused ? 'paused' : 'resumed'}\n`);
}

/** rollout: what `kubectl rollout` is for Deployments, for GuestImages: each a look at, or a change of, its spec. */
export function registerRollout(program: Command, context: CliContext): void {
  const rollout = program.command('rollout').summary('how a GuestImage comes to its VMs');
  const command = (name: string, summary: string, example: string) =>
    rollout
      .command(name)
      .summary(summary)
      .argument('<guestimage>', 'name of the GuestImage')
      .addHelpText('after', `\nExample:\n  holt rollout ${example}`);
  command('status', 'wait until a rollout is decided; exit code 1 if it failed', 'status default')
    .option('--no-wait', 'only say how it stands')
    .option('--timeout <seconds>', 'how long to wait', '900')
    .action((name: string, _flags, self: Command) => status(name, self.optsWithGlobals(), context));
  command('history', 'the artifacts that were rolled out', 'history default').action(
    (name: string, _flags, self: Command) => history(name, self.optsWithGlobals(), context),
  );
  command('undo', 'set the spec back to the artifact before', 'undo default')
    .option('--to-revision <number>', 'to the artifact of this revision')
    .action((name: string, _flags, self: Command) => undo(name, self.optsWithGlobals(), context));
  command('pause', 'give no further VM the artifact', 'pause default').action(
    (name: string, _flags, self: Command) => setPaused(name, true, self.optsWithGlobals(), context),
  );
  command('resume', 'go on after a pause', 'resume default').action((name: string, _flags, self: Command) =>
    setPaused(name, false, self.optsWithGlobals(), context),
  );
}
