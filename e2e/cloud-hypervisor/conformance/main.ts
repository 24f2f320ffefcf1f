import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { standIn } from '../testing/vmm-process.ts';
import { allChecks } from './checks/all.ts';
import { runChecks } from './run-checks.ts';
import { type Column, formatTable } from './table.ts';

/**
 * `npm run conformance:vmm -- [--binary PATH]... [--stand-in]`: the checks against each binary named, one
 * column each; without any, or by `--stand-in` beside others, against the stand-in. `HOLT_STANDIN_NO_GUEST=1`
 * makes that one go without guests. Exit code 1 when a check failed, 2 after a wrong command line.
 */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { binary: { type: 'string', multiple: true }, 'stand-in': { type: 'boolean' } },
  });
  const named = (values.binary ?? []).map((path) => resolve(path));
  const missing = named.find((path) => !existsSync(path));
  if (missing !== undefined) throw new TypeError(`--binary ${missing}: no such file`);
  const withStandIn = named.length === 0 || values['stand-in'] === true;
  const columns: Column[] = [];
  for (const [index, binary] of [...named, ...(withStandIn ? [standIn] : [])].entries()) {
    const name = binary === standIn ? 'stand-in' : named.length > 1 ? `binary ${index + 1}` : 'binary';
    process.stderr.write(`${name}: ${binary}: ${allChecks.length} checks\n`);
    columns.push({ name, results: await runChecks(binary, allChecks) });
  }
  process.stdout.write(`${formatTable(columns)}\n`);
  return columns.some(({ results }) => results.some(({ result }) => result === 'failed')) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`conformance:vmm: ${error.message}\n`);
  process.exitCode = 2;
}
