import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { tailVmmEvents } from './event-tail.ts';

const text = (event: string) =>
  `${JSON.stringify({ timestamp: { secs: 0, nanos: 1 }, source: 'vm', event, properties: null }, null, 2)}\n\n`;

test('waits for the file, follows it, and begins anew with it', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'events-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const path = join(dir, 'events');
  const controller = new AbortController();
  const events = tailVmmEvents(path, { signal: controller.signal, pollMs: 20 });
  const next = async () => (await events.next()).value?.event;

  const first = next();
  await writeFile(path, text('booting') + text('booted').slice(0, 30));
  t.is(await first, 'booting');
  const second = next();
  await appendFile(path, text('booted').slice(30));
  t.is(await second, 'booted');
  const third = next();
  await writeFile(path, text('x'));
  t.is(await third, 'x');

  const end = events.next();
  controller.abort();
  t.true((await end).done);
});
