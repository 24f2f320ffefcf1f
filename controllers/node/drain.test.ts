import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { vmPathsOf } from '../host/vm-identity.ts';
import type { OrphanEffects } from '../orphans/effects.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { FakeHost } from '../uservm/testing/fake-host.ts';
import { parseVmmRecord } from '../uservm/vmm-record.ts';
import { drainNode } from './drain.ts';

const SHORT_ID = '0a1b2c3d4e5f';

/** A host with one recorded, running VMM. */
async function runningHost(t: ExecutionContext) {
  const vmsDirectory = await mkdtemp(join(tmpdir(), 'holt-drain-'));
  t.teardown(() => rm(vmsDirectory, { recursive: true }));
  const paths = vmPathsOf(vmsDirectory, SHORT_ID);
  await mkdir(paths.directory);
  const clock = new TestClock();
  const host = new FakeHost({ vmId: `vm-${SHORT_ID}`, tap: `ht-${SHORT_ID}`, clock });
  const process = await host.spawnVmm(paths);
  const boot = { cpus: 1, memoryBytes: 1, guestImage: 'default', volumeBytes: 1, recycleId: '0' };
  const record = {
    uid: 'u',
    vmId: `vm-${SHORT_ID}`,
    pid: process.pid,
    startTimeTicks: process.startTicks,
    spawnedAt: new Date(clock.nowMs()).toISOString(),
    tapIfindex: 1,
    bootedSpecHash: 'h',
    boot,
    imageDigest: 'd',
  };
  await host.writeRecord(paths, JSON.stringify(record));
  const lines: string[] = [];
  const orphans = {
    inventory: async () => ({ vmms: [], taps: [], firewallEntries: [], runDirectories: [], volumes: [] }),
    killVmm: async ({ pid }: { pid: number }) => host.kill(pid),
  } as unknown as OrphanEffects;
  const drain = async () => {
    const done = drainNode({
      vmsDirectory,
      effects: host,
      orphans,
      destroyNetwork: async () => void lines.push('network destroyed'),
      graceMs: 20_000,
      clock,
      print: (line) => lines.push(line),
    }).then(() => true);
    for (let tick = 0; tick < 1_000; tick += 1) {
      if (await Promise.race([done, clock.advance(50).then(() => false)])) return;
    }
    t.fail('the drain does not end');
  };
  return { host, paths, lines, drain };
}

test('a VM is powered off, its record says that this was asked for, and the network goes last', async (t) => {
  const { host, paths, lines, drain } = await runningHost(t);
  await drain();
  t.is(host.living().length, 0);
  t.is(parseVmmRecord(host.records.get(paths.record))?.stop?.message, 'the node was drained');
  t.true(lines.includes(`vm-${SHORT_ID}: powered off`));
  t.deepEqual(lines.slice(-2), ['network destroyed', 'network namespace removed; data volumes kept']);
});

test('a deaf guest is stopped hard, a hung VMM is killed', async (t) => {
  const deaf = await runningHost(t);
  deaf.host.isGuestDeaf = true;
  await deaf.drain();
  t.true(deaf.lines.includes(`vm-${SHORT_ID}: stopped hard`));
  const hung = await runningHost(t);
  const noAnswer = async () => {
    throw new Error('no answer');
  };
  hung.host.pressPowerButton = noAnswer;
  hung.host.shutdownVmm = noAnswer;
  await hung.drain();
  t.true(hung.lines.includes(`vm-${SHORT_ID}: killed`));
  t.is(hung.host.living().length, 0);
});
