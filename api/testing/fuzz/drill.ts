import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTestApi } from '../test-api.ts';
import { fuzz } from './fuzz.ts';
import { TARGETS } from './targets.ts';
import { fuzzTokens } from './token-issuer.ts';

const USAGE = 'usage: drill:fuzz [RUNS_OF_EACH_TARGET [SEED]]';
/** Seeds change, so that a long drill does not lean on one. */
const RUNS_PER_SEED = 5_000;

function numberOf(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(USAGE);
  return value;
}

/** Fuzzes every decoder for long; ends at the first answer that must not be. */
async function main([runs, seed, ...more]: readonly string[]): Promise<number> {
  if (more.length > 0) throw new Error(USAGE);
  const wanted = numberOf(runs, 50_000);
  const firstSeed = numberOf(seed, 1);
  const api = await startTestApi({ server: { tokens: fuzzTokens() } });
  const read = (name: string) => readFile(join(api.pki.dir, name));
  const [cert, key, ca] = [await read('admin.crt'), await read('admin.key'), await read('ca.crt')];
  try {
    for (let done = 0, round = 0; done < wanted; done += RUNS_PER_SEED, round += 1) {
      const options = { runs: Math.min(RUNS_PER_SEED, wanted - done), seed: firstSeed + round };
      for (const target of Object.keys(TARGETS)) {
        const { problem, codes } = await fuzz({ port: api.port, cert, key, ca }, target, options);
        const cells = [options.seed, target.padEnd(14), options.runs, JSON.stringify(codes)];
        process.stdout.write(`${cells.join('  ')}\n`);
        if (problem === undefined) continue;
        process.stdout.write(`${problem}\n`);
        return 1;
      }
    }
    return 0;
  } finally {
    await api.dispose();
  }
}

process.exitCode = await main(process.argv.slice(2));
