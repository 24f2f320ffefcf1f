import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Clock } from '../lib/clock.ts';
import { watchFiles } from './watch-files.ts';

/** A clock whose sleeps end when the test says so. */
class SteppedClock implements Clock {
  #wake = () => {};
  #asleep = () => {};
  #sleeping = new Promise<void>((resolve) => (this.#asleep = resolve));

  nowMs(): number {
    return 0;
  }

  monotonicMs(): number {
    return 0;
  }

  sleep(_: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      this.#wake = resolve;
      this.#asleep();
    });
  }

  /** Lets the sleeper look once, and waits until it sleeps again. */
  async look(): Promise<void> {
    await this.#sleeping;
    this.#sleeping = new Promise((resolve) => (this.#asleep = resolve));
    this.#wake();
    await this.#sleeping;
  }
}

test('a set is used whole, once it holds still; a bad one is told once and tried again', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-watch-files-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const [one, two] = [join(dir, 'one'), join(dir, 'two')];
  await Promise.all([writeFile(one, 'a'), writeFile(two, 'a')]);
  const used: string[] = [];
  const told: string[] = [];
  let isReachable = true;
  const clock = new SteppedClock();
  const end = new AbortController();
  const watching = watchFiles(
    {
      sets: [
        {
          name: 'pair',
          paths: [one, two],
          use: ([first, second]) => {
            if (String(first) !== String(second)) throw new Error('they do not fit');
            if (!isReachable) throw new Error('out of reach');
            used.push(String(first));
          },
        },
      ],
      clock,
      onResult: (_, error) => told.push(error === undefined ? 'used' : error.message),
    },
    new Map([['pair', [Buffer.from('a'), Buffer.from('a')]]]),
    end.signal,
  );
  const looks = async (count: number) => {
    for (let index = 0; index < count; index += 1) await clock.look();
  };

  await looks(3);
  t.deepEqual([used, told], [[], []], 'nothing changed');

  await writeFile(one, 'b');
  await looks(1);
  await writeFile(two, 'b');
  await looks(1);
  t.deepEqual([used, told], [[], []], 'between two writes, and just after: not still yet');
  await looks(1);
  t.deepEqual([used, told], [['b'], ['used']]);

  await writeFile(one, 'c');
  await looks(5);
  t.deepEqual(told.splice(0), ['used', 'they do not fit']);
  await writeFile(one, 'b');
  await looks(3);
  t.deepEqual([used, told], [['b'], []], 'back at what is in use');

  await rm(two);
  await looks(3);
  t.regex(told.splice(0).join(' | '), /^ENOENT[^|]*$/);
  isReachable = false;
  await Promise.all([writeFile(one, 'd'), writeFile(`${two}.new`, 'd')]);
  await rename(`${two}.new`, two);
  await looks(3);
  t.deepEqual(told.splice(0), ['out of reach']);
  isReachable = true;
  await looks(1);
  t.deepEqual([used, told], [['b', 'd'], ['used']]);

  end.abort();
  await watching;
});
