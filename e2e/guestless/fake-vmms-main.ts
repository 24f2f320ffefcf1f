import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { FakeVmm } from './fake-vmm.ts';

/**
 * FakeVmms: one process that answers for all FakeVmm processes of a host. Its argument is the folder with their
 * FIFOs; its parent asks over the process's channel.
 */
const [folder = ''] = process.argv.slice(2);
process.umask(0o077);

const vmms = new Map<string, FakeVmm>();
const guests = new Map<string, FakeVmm['guest']>();
const counts = { started: 0, twice: 0 };

function onStarted(line: string): void {
  const [pid = '', apiSocket = '', events = ''] = line.split(' ');
  const before = vmms.get(apiSocket);
  if (before !== undefined) {
    if (before.isAlive()) counts.twice += 1;
    before.end();
  }
  counts.started += 1;
  const known = guests.get(apiSocket);
  const vmm = new FakeVmm({ pid: Number(pid), apiSocket, events, guest: known });
  guests.set(apiSocket, vmm.guest);
  vmms.set(apiSocket, vmm);
  void vmm.serve().catch((error) => process.stderr.write(`${apiSocket}: ${String(error)}\n`));
}

/** A dead process answers no more; a removed VM is forgotten. */
function look(): void {
  for (const [apiSocket, vmm] of vmms) {
    if (vmm.isAlive()) continue;
    vmm.end();
    vmms.delete(apiSocket);
  }
  for (const apiSocket of guests.keys()) {
    if (!vmms.has(apiSocket) && !existsSync(join(apiSocket, '../..'))) guests.delete(apiSocket);
  }
}

const questionSchema = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('counts') }),
  z.object({ ask: z.literal('endContainer'), apiSocket: z.string(), name: z.string(), exitCode: z.int() }),
]);

process.on('message', (message) => {
  const question = questionSchema.parse(message);
  if (question.ask === 'counts') {
    look();
    const containers = [...vmms.values()].reduce((sum, { guest }) => sum + guest.podman.runningCount, 0);
    process.send?.({ ...counts, vmms: vmms.size, guests: guests.size, containers });
    return;
  }
  const guest = guests.get(question.apiSocket);
  process.send?.({ done: guest?.podman.endContainer(question.name, question.exitCode) === true });
});
process.on('disconnect', () => process.exit(0));
// A signal may reach the whole group: the parent ends its VMs in order and this process after them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

setInterval(look, 500);
// Opened for both: the end of one writer is then not the end of the stream.
createInterface({ input: createReadStream(join(folder, 'started'), { flags: 'r+' }) }).on('line', onStarted);
process.send?.({ ready: true });
