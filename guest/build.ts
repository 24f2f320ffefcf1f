import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../lib/run-command.ts';
import { readAptSetup, resolvePackages } from './build/apt.ts';
import { buildImage } from './build/build-image.ts';
import { InputCache } from './build/cache.ts';
import { explainFailure } from './build/explain-failure.ts';
import { hashInputFiles, hashOf } from './build/inputs.ts';
import { CLOSURE_PACKAGES, KERNEL_PACKAGES, ROOT_PACKAGES } from './build/packages.ts';
import { findObstacle } from './build/preflight.ts';

const USAGE = `Usage: node guest/build.ts --out DIR [--cache DIR]

Builds the guest image into DIR/<sha256>/{manifest.json,vmlinuz,initramfs,root.erofs} and prints the
digest on the last line. Returns at once when nothing has changed since an earlier build.

  --out DIR    where artifacts are kept
  --cache DIR  where unpacked packages and the record of builds are kept (default: DIR/.cache)`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, cache: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help === true || values.out === undefined) {
    console.log(USAGE);
    process.exitCode = values.help === true ? 0 : 2;
    return;
  }
  const outDir = resolve(values.out);
  const digest = await ensureImage(
    outDir,
    values.cache === undefined ? join(outDir, '.cache') : resolve(values.cache),
  );
  console.log(digest);
}

/** Finds the artifact of the present inputs or builds it. */
async function ensureImage(outDir: string, cacheDir: string): Promise<string> {
  const startedAt = performance.now();
  const progress = (line: string) => {
    console.log(`[${((performance.now() - startedAt) / 1000).toFixed(1)}s] ${line}`);
  };
  const guestDir = import.meta.dirname;
  const cache = new InputCache(cacheDir, outDir);
  const filesKey = await hashInputFiles(guestDir);
  const obstacle = await findObstacle(runCommand, cacheDir);
  if (obstacle !== undefined) return findEarlier(cache, filesKey, obstacle, progress);
  const apt = await readAptSetup(runCommand, join(cacheDir, 'bookworm.sources'));
  // Nothing fetched since, no file changed: the same answer without asking apt.
  const quickKey = hashOf(filesKey, apt.sourcesText, apt.listsStamp);
  const known = await cache.find(quickKey);
  if (known !== undefined) {
    await cache.remember(filesKey, known);
    progress('the guest image is up to date');
    return known;
  }
  const packages = await resolvePackages(
    runCommand,
    apt,
    [...ROOT_PACKAGES, ...KERNEL_PACKAGES, ...CLOSURE_PACKAGES],
    join(cacheDir, 'lists'),
  );
  const packagesKey = hashOf(packages);
  const inputKey = hashOf(filesKey, packages);
  const digest =
    (await cache.find(inputKey)) ??
    (await buildImage({ run: runCommand, apt, guestDir, outDir, cacheDir, packagesKey, filesKey, progress }));
  await cache.remember(inputKey, digest);
  await cache.remember(quickKey, digest);
  await cache.remember(filesKey, digest);
  progress('the guest image is ready');
  return digest;
}

/**
 * Where nothing can be built, the image last built from the same files serves, whatever versions Debian has by now.
 * @throws Error with the obstacle where there is none
 */
async function findEarlier(
  cache: InputCache,
  filesKey: string,
  obstacle: string,
  progress: (line: string) => void,
): Promise<string> {
  const earlier = await cache.find(filesKey);
  if (earlier === undefined)
    throw new Error(
      `${obstacle}; or build the image on another machine from the same checkout and copy its .holt/images here`,
    );
  progress(`${obstacle}. Going on with the image that was built before from the same files`);
  return earlier;
}

try {
  await main();
} catch (error) {
  console.error(`guest/build.ts: ${explainFailure(error)}`);
  process.exitCode = 1;
}
