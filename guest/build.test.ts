import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { runChecked, runCommand } from '../lib/run-command.ts';
import { InputCache } from './build/cache.ts';
import { hashInputFiles } from './build/inputs.ts';

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

/** A PATH with `which` and nothing that builds. */
async function barePath(directory: string): Promise<string> {
  const bin = join(directory, 'bin');
  await mkdir(bin);
  for (const program of ['which', 'sh']) await symlink(join('/usr/bin', program), join(bin, program));
  return bin;
}

test('without apt the image that was built from the same files serves', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holt-guest-build-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const env = { PATH: await barePath(directory) };
  const argv = [process.execPath, script, '--out', directory];
  const without = await runCommand(argv, { env });
  t.is(without.exitCode, 1);
  t.regex(without.stderr, /apt-get .*mmdebstrap .*\.holt\/images/s);
  const digest = 'd'.repeat(64);
  await mkdir(join(directory, digest));
  await writeFile(join(directory, digest, 'manifest.json'), '{}');
  const cache = new InputCache(join(directory, '.cache'), directory);
  await cache.remember(await hashInputFiles(import.meta.dirname), digest);
  const { stdout, exitCode } = await runCommand(argv, { env });
  t.is(exitCode, 0);
  t.is(stdout.trim().split('\n').at(-1), digest);
  t.regex(stdout, /apt-get .*Going on with the image that was built before/);
});
