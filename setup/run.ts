import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../lib/clock.ts';
import { statePaths } from '../lib/config.ts';
import { defaultStateDir } from './dev-config.ts';
import { buildGuestImage } from './guest-image.ts';
import { Progress } from './progress.ts';
import { addCounts, parseCounts, type TestCounts } from './test-counts.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));

const BENCHMARK = 'bench/main.ts';
const ava = join(checkout, 'node_modules/ava/entrypoints/cli.mjs');

const UNIT_FILES =
  '{lib,crds,api,controllers,services,cli,guest,setup,e2e/harness,e2e/cloud-hypervisor}/**/*.test.ts';
/** One more than the cores of a small machine: a file often waits, for a disk, a timer or another process. */
const UNIT_FILES_AT_ONCE = 3;
const SCENARIO_FILES = 'e2e/scenarios/**/*.test.ts';

async function ensureImage(progress: Progress): Promise<void> {
  const { images } = statePaths(defaultStateDir());
  await mkdir(images, { recursive: true });
  await progress.step('guest image', () => buildGuestImage(images, (line) => progress.note(line)));
}

/** Runs a program in the checkout; its output goes through, and comes back. */
function runThrough(argv: readonly string[]): Promise<{ exitCode: number; output: string }> {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { cwd: checkout, stdio: ['ignore', 'pipe', 'inherit'] });
  // It ends what it started: Ctrl-C reaches it by the terminal, the rest is passed on.
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {});
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}

async function runTests(suites: readonly (readonly string[])[]): Promise<number> {
  let counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  let exitCode = 0;
  for (const suite of suites) {
    const result = await runThrough([process.execPath, ava, ...suite]);
    counts = addCounts(counts, parseCounts(result.output));
    if (result.exitCode !== 0) exitCode = 1;
  }
  // A runner that ended early counts as one failure, so that the closing line can't look green.
  const failed = exitCode !== 0 && counts.failed === 0 ? 1 : counts.failed;
  const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
  process.stdout.write(`\n${counts.passed} passed, ${failed} failed${skipped}\n`);
  return failed > 0 || counts.passed === 0 ? 1 : exitCode;
}

/** Long proofs, benchmarks and the checks of a VMM that need no guest image. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'bench:api': 'bench/api/main.ts',
  'bench:scale': 'bench/scale/main.ts',
  'bench:thrash': 'bench/thrash/main.ts',
  'conformance:vmm': 'e2e/cloud-hypervisor/conformance/main.ts',
  'drill:fuzz': 'api/testing/fuzz/drill.ts',
  'drill:linearizability': 'api/testing/linearizability/drill.ts',
  'drill:reliability': 'e2e/reliability/main.ts',
};

/** Long proofs with real VMs. */
const GUEST_PROGRAMS: Readonly<Record<string, string>> = { 'drill:rollout': 'e2e/rollout/drill.ts' };

async function main([command = '', ...rest]: readonly string[]): Promise<number> {
  const program = PROGRAMS[command];
  if (program !== undefined)
    return (await runThrough([process.execPath, join(checkout, program), ...rest])).exitCode;
  const progress = new Progress(systemClock, (text) => process.stdout.write(text));
  const unit = [`--concurrency=${UNIT_FILES_AT_ONCE}`, UNIT_FILES];
  if (command === 'test:unit') return runTests([rest.length > 0 ? rest : unit]);
  await ensureImage(progress);
  if (command === 'test' && rest.length > 0) return runTests([['--serial', '--concurrency=1', ...rest]]);
  if (command === 'test') return runTests([unit, ['--concurrency=1', SCENARIO_FILES]]);
  const withGuests = GUEST_PROGRAMS[command];
  if (withGuests !== undefined)
    return (await runThrough([process.execPath, join(checkout, withGuests), ...rest])).exitCode;
  if (command === 'bench')
    return (await runThrough([process.execPath, join(checkout, BENCHMARK), ...rest])).exitCode;
  const known = ['test', 'test:unit', 'bench', ...Object.keys(PROGRAMS), ...Object.keys(GUEST_PROGRAMS)];
  process.stderr.write(`holt: ${command}: expected one of ${known.join(', ')}\n`);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
