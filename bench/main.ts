import { readFile } from 'node:fs/promises';
import { ApiClient } from '../api/client/api-client.ts';
import { Installation } from '../e2e/harness/installation.ts';
import { parseConfig, statePaths } from '../lib/config.ts';
import { benchApiThroughput } from './api-throughput.ts';
import { benchApplyToReady } from './apply-to-ready.ts';
import { benchRouteSwitch } from './route-switch.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const only = process.argv[2];
const wanted = (name: string) => only === undefined || only === name;

// A Holt of its own, so that a benchmark neither disturbs nor is disturbed by what is declared elsewhere.
const holt = new Installation('bench', 30_000);
say('starting a Holt of its own for the benchmarks');
await holt.up();
try {
  const config = parseConfig(await readFile(statePaths(holt.stateDir).config, 'utf8'));
  const client = await ApiClient.fromKubeconfigFile(holt.kubeconfig, { userAgent: 'holt-bench' });
  try {
    if (wanted('api')) await benchApiThroughput(config, say);
    if (wanted('route')) await benchRouteSwitch(config, client, 300, say);
    if (wanted('boot')) await benchApplyToReady(config, client, 3, say);
  } finally {
    await client.close();
  }
} finally {
  await holt.down();
}
