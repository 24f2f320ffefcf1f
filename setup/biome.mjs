// Runs biome's own binary. Its wrapper package lists a binary for every platform, and `npm ci` fails where a
// registry does not carry all of them; this depends on the Linux ones alone.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const binary = new URL(`../node_modules/@biomejs/cli-linux-${process.arch}/biome`, import.meta.url);
const { status } = spawnSync(fileURLToPath(binary), process.argv.slice(2), { stdio: 'inherit' });
process.exit(status ?? 1);
