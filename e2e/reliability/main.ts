import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { runMain } from '../guestless/run-main.ts';
import { runDrill } from './drill.ts';
import { tableOf } from './table.ts';

const USAGE = 'usage: npm run drill:reliability -- [--minutes 3] [--vms 4] [--seed N]';
const say = (line: string) => process.stdout.write(`${line}\n`);

await runMain('drill:reliability', async (signal) => {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      vms: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const [minutes, vms, seed] = [Number(values.minutes), Number(values.vms), Number(values.seed)];
  if (!(minutes > 0 && vms >= 1 && vms <= 16 && Number.isInteger(seed))) throw new Error(USAGE);
  say(
    `seed ${seed}; ${minutes} minutes of faults over ${vms} VMs without guests; load average ${loadavg()[0]?.toFixed(1)}`,
  );
  const result = await runDrill({
    ...{ seed, vms, say, signal },
    durationMs: minutes * 60_000,
    faultsMax: Number.POSITIVE_INFINITY,
    quietMs: 15_000,
  });
  say('\n| fault | times |\n|---|---|');
  for (const [kind, count] of result.counts) say(`| ${kind} | ${count} |`);
  say('');
  for (const line of tableOf(result)) say(line);
  for (const violation of result.violations) say(`VIOLATION: ${violation}`);
  say(result.violations.length === 0 ? '\nno violation' : `\nfailed; replay with --seed ${seed}`);
  return result.violations.length === 0 ? 0 : 1;
});
