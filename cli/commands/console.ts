import { constants } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { openUntrusted } from '../../lib/untrusted-file.ts';
import { type CliContext, type GlobalOptions, namespaceOf, vmRunDir, withClient } from '../context.ts';
import { CliError } from '../errors.ts';

interface ConsoleFlags extends GlobalOptions {
  readonly follow?: boolean;
}

const FOLLOW_INTERVAL_MS = 250;
const CHUNK_BYTES = 64 * 1024;

async function show(name: string, flags: ConsoleFlags, context: CliContext): Promise<void> {
  const vm = await withClient(flags, context, (client) =>
    client.get<UserVm>(userVmDefinition, { namespace: namespaceOf(flags), name }, { signal: context.signal }),
  );
  const path = join(vmRunDir(vm.metadata.uid, context), 'console.log');
  const file = await openUntrusted(path, constants.O_RDONLY).catch(() => {
    throw new CliError(
      `uservm/${name} has no console on this host (${path}); it is ${vm.status?.phase ?? 'Pending'}` +
        `${vm.status?.nodeName === undefined ? '' : ` on node ${vm.status.nodeName}`}`,
    );
  });
  const buffer = Buffer.alloc(CHUNK_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead > 0) context.stdout.write(Buffer.from(buffer.subarray(0, bytesRead)));
      else if (flags.follow !== true || context.signal.aborted) return;
      else await sleep(FOLLOW_INTERVAL_MS, undefined, { signal: context.signal }).catch(() => {});
    }
  } finally {
    await file.close();
  }
}

export function registerConsole(program: Command, context: CliContext): void {
  program
    .command('console')
    .summary("show what a VM's kernel and services wrote to the serial console")
    .argument('<uservm>', 'name of the UserVM')
    .option('-f, --follow', 'go on until interrupted')
    .addHelpText('after', '\nExample:\n  holt console alice --follow')
    .action((name: string, _flags, command: Command) => show(name, command.optsWithGlobals(), context));
}
