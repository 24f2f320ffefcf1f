import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { type UserVmStatus, userVmDefinition } from '../../crds/uservm/definition.ts';
import { type CliContext, type GlobalOptions, namespaceOf, withClient } from '../context.ts';
import { conditionOf, waitFor } from '../wait-for.ts';

interface PowerFlags extends GlobalOptions {
  readonly wait: boolean;
  readonly timeout: string;
}

function statusOf(object: ApiObject): UserVmStatus {
  return (object.status ?? {}) as UserVmStatus;
}

function isReady(object: ApiObject): boolean {
  const observed = statusOf(object).observedGeneration === object.metadata.generation;
  return observed && conditionOf(object, 'Ready')?.status === 'True';
}

function hasPhase(object: ApiObject, phase: UserVmStatus['phase']): boolean {
  return statusOf(object).phase === phase;
}

async function change(
  name: string,
  flags: PowerFlags,
  context: CliContext,
  spec: Readonly<Record<string, unknown>>,
  done: (object: ApiObject) => boolean,
  word: string,
): Promise<void> {
  await withClient(flags, context, async (client) => {
    const target = { namespace: namespaceOf(flags), name };
    await client.patch(userVmDefinition, target, { spec }, { signal: context.signal, fieldManager: 'holt' });
    if (flags.wait) {
      const timeoutMs = Number(flags.timeout) * 1000;
      const options = {
        client,
        definition: userVmDefinition,
        name: target,
        timeoutMs,
        signal: context.signal,
      };
      await waitFor(options, (object) => object !== undefined && done(object));
    }
    context.stdout.write(`uservm/${name} ${word}\n`);
  });
}

/** start, stop, pause, resume, standby, wake and recycle: what a person does to a VM, each as a change of its spec. */
export function registerPower(program: Command, context: CliContext): void {
  const command = (name: string, summary: string, action: (vm: string, flags: PowerFlags) => Promise<void>) =>
    program
      .command(name)
      .summary(summary)
      .argument('<uservm>', 'name of the UserVM')
      .option('--no-wait', 'do not wait until it is done')
      .option('--timeout <seconds>', 'how long to wait', '180')
      .addHelpText('after', `\nExample:\n  holt ${name} alice`)
      .action((vm: string, _flags, self: Command) => action(vm, self.optsWithGlobals()));
  command('start', 'boot a stopped VM', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Running' }, isReady, 'running'),
  );
  command('stop', 'shut a VM down and keep its data volume', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Stopped' }, (object) => hasPhase(object, 'Stopped'), 'stopped'),
  );
  command('pause', 'freeze a VM with all that is in its memory', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Paused' }, (object) => hasPhase(object, 'Paused'), 'paused'),
  );
  command('standby', 'write a VM to disk with its memory, and end it until it is woken', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Standby' }, (object) => hasPhase(object, 'Standby'), 'asleep'),
  );
  command('wake', 'let a VM in standby go on', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Running' }, isReady, 'running'),
  );
  command('resume', 'let a paused VM go on', (vm, flags) =>
    change(vm, flags, context, { powerState: 'Running' }, isReady, 'running'),
  );
  command('recycle', 'make a VM and its containers anew; the data volume is kept', (vm, flags) => {
    const recycleRequest = `${new Date().toISOString()}-${randomBytes(3).toString('hex')}`;
    const done = (object: ApiObject) => isReady(object) && statusOf(object).recycledFor === recycleRequest;
    return change(vm, flags, context, { recycleRequest }, done, 'recycled');
  });
}
