import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runChecked, runCommand } from '../lib/run-command.ts';

const script = join(import.meta.dirname, 'build.ts');
const slow = process.env.HOLT_TEST_GUEST_BUILD === '1' ? test : test.skip;

async function build(directory: string): Promise<string> {
  const argv = [
    process.execPath,
    script,
    '--out',
    join(directory, 'out'),
    '--cache',
    join(directory, 'cache'),
  ];
  const stdout = await runChecked(runCommand, argv, { timeoutMs: 400_000 });
  return stdout.trim().split('\n').at(-1) ?? '';
}

slow('two builds that share nothing give the same digest, and a third returns at once', async (t) => {
  t.timeout(900_000);
  const directories = [];
  for (const name of ['first', 'second']) {
    const directory = await mkdtemp(join(tmpdir(), `holt-guest-build-${name}-`));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    directories.push(directory);
  }
  const [first = '', second = ''] = directories;
  const digest = await build(first);
  t.regex(digest, /^[0-9a-f]{64}$/);
  t.is(await build(second), digest);
  const startedAt = performance.now();
  t.is(await build(second), digest);
  t.true(performance.now() - startedAt < 2000);
});

test('no --out: usage and exit code 2', async (t) => {
  const result = await runCommand([process.execPath, script]);
  t.is(result.exitCode, 2);
  t.regex(result.stdout, /^Usage: node guest\/build\.ts --out DIR/);
});
