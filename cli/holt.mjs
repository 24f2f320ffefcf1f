#!/usr/bin/env node
// Runs the CLI under the pinned Node, whatever Node the shell has.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, findNode } from '../setup/bootstrap.mjs';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const node = findNode();
const child = spawn(node, [main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: cleanEnvironment(node),
});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
process.on('SIGINT', () => {});
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
