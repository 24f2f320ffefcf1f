import { prepareMainHost } from '../main-host.ts';
import { FaultyServer } from './faults.ts';
import { type RunResult, runAndCheck } from './run.ts';

const USAGE = 'usage: drill:linearizability [OPERATIONS [SEED]]';
const ROUND_OPERATIONS = 20_000;
const OPERATIONS_PER_FAULT = 400;

function numberOf(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(USAGE);
  return value;
}

const COLUMNS = [
  'round',
  'seed',
  'operations',
  'refused',
  'unknown',
  'changes',
  'streams',
  'anomalies',
  'ops/s',
];

function say(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(10)).join(' ')}\n`);
}

function cellsOf({ operations, log, anomalies, watchStreams }: RunResult): readonly number[] {
  const count = (kind: string) => operations.filter(({ outcome }) => outcome.kind === kind).length;
  return [operations.length, count('refused'), count('unknown'), log.length, watchStreams, anomalies.length];
}

/** Rounds of operations under faults until so many were done, or an anomaly is found. */
async function main([operations, firstSeed, ...more]: readonly string[]): Promise<number> {
  if (more.length > 0) throw new Error(USAGE);
  const wanted = numberOf(operations, 1_000_000);
  const host = await prepareMainHost();
  const server = new FaultyServer(host);
  try {
    await server.start();
    say(COLUMNS);
    let seed = numberOf(firstSeed, 1);
    for (let done = 0, round = 1; done < wanted; round += 1, seed += 1) {
      const startMs = performance.now();
      const result = await runAndCheck({
        ...{ host, namespace: `drill-${round}`, seed, clientCount: 6, keyCount: 5 },
        operationCount: Math.min(ROUND_OPERATIONS, wanted - done),
        ...server.schedule(OPERATIONS_PER_FAULT),
      });
      done += result.operations.length;
      const perSecond = Math.round((result.operations.length * 1_000) / (performance.now() - startMs));
      say([round, seed, ...cellsOf(result), perSecond]);
      for (const { kind, detail } of result.anomalies.slice(0, 20))
        process.stdout.write(`${kind}: ${detail}\n`);
      if (result.anomalies.length > 0) return 1;
    }
    process.stdout.write(`faults: ${JSON.stringify(server.counts)}\n`);
    return 0;
  } finally {
    await server.kill();
    await host.dispose();
  }
}

process.exitCode = await main(process.argv.slice(2));
