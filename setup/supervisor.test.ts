import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { systemClock } from '../lib/clock.ts';
import { createLogger } from '../lib/logger.ts';
import { isAlive, signalProcess } from '../lib/process-identity.ts';
import { type PartRecord, readPartRecord } from './part-record.ts';
import type { Part } from './parts.ts';
import { Supervisor } from './supervisor.ts';

interface Scene {
  readonly runDir: string;
  readonly supervisor: Supervisor;
  readonly part: (name: string, script: string) => Part;
}

function scene(): Scene & { remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'holt-supervisor-'));
  const runDir = join(folder, 'run');
  const supervisor = new Supervisor({
    logsDir: join(folder, 'logs'),
    runDir,
    clock: systemClock,
    logger: createLogger('test', 'error'),
    readinessTimeoutMs: 10_000,
  });
  const part = (name: string, script: string): Part => ({
    name,
    argv: ['/bin/sh', '-c', script],
    checkHealth: async () => {
      const record = readPartRecord(runDir, name);
      if (record === undefined || !isAlive(record)) throw new Error(`${name} does not run`);
    },
    graceMs: 2000,
    versionArgv: undefined,
  });
  return { runDir, supervisor, part, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function recordOf(
  runDir: string,
  name: string,
  accept: (record: PartRecord) => boolean,
): Promise<PartRecord> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const record = readPartRecord(runDir, name);
    if (record !== undefined && isAlive(record) && accept(record)) return record;
    await sleep(20);
  }
  throw new Error(`${name} never got there: ${JSON.stringify(readPartRecord(runDir, name))}`);
}

test('a part that is killed starts again; all stop in order, and no record is left', async (t) => {
  const { runDir, supervisor, part, remove } = scene();
  const stop = new AbortController();
  const order = join(runDir, 'order');
  const script = (name: string) =>
    `trap 'echo ${name} >> ${order}; exit 0' TERM; while :; do sleep 0.05; done`;
  const running = supervisor.run([part('one', script('one')), part('two', script('two'))], stop.signal);
  const first = await recordOf(runDir, 'one', () => true);
  signalProcess(first, 'SIGKILL');
  const second = await recordOf(runDir, 'one', (record) => record.pid !== first.pid);
  t.is(second.restartCount, 1);
  await recordOf(runDir, 'two', () => true);
  stop.abort();
  await running;
  t.false(isAlive(second));
  t.is(readFileSync(order, 'utf8'), 'two\none\n');
  t.is(readPartRecord(runDir, 'one'), undefined);
  remove();
});

test('a part that outlived its supervisor is adopted, not doubled', async (t) => {
  const { runDir, supervisor, part, remove } = scene();
  const [firstStop, secondStop] = [new AbortController(), new AbortController()];
  const forever = part('keeper', 'while :; do sleep 0.05; done');
  void supervisor.run([forever], firstStop.signal);
  const before = await recordOf(runDir, 'keeper', () => true);
  const second = supervisor.run([forever], secondStop.signal);
  await forever.checkHealth();
  await sleep(500); // Longer than the supervisor's poll: only time can show that it starts no second one.
  t.deepEqual(readPartRecord(runDir, 'keeper'), before);
  secondStop.abort();
  await second;
  t.false(isAlive(before));
  firstStop.abort();
  remove();
});
