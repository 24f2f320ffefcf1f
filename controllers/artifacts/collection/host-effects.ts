import { lstat, readdir, readFile, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { apiSocketOf, listProcesses, readProcess } from '../../host/process-table.ts';
import type { CollectionEffects, ImagesInventory } from './effects.ts';
import type { ImageEntry } from './plan.ts';
import { digestsIn } from './used-digests.ts';

const ARTIFACT = /^[0-9a-f]{64}$/;
const SET_ASIDE_PREFIX = '.collected-';
/** Where `guest/build.ts` assembles an image; the number is its process id. */
const BUILD = /^work-(\d+)$/;
const BUILD_CACHE = '.cache';
const RUN_DIRECTORY = /^[0-9a-f]{12}$/;

/** This Linux host. Directories of other names than those that Holt gives are nobody's to collect. */
export function createCollectionEffects(options: {
  readonly imagesDirectory: string;
  readonly vmsDirectory: string;
}): CollectionEffects {
  const { imagesDirectory, vmsDirectory } = options;
  return {
    inventory: () => inventoryOf(imagesDirectory),
    bootedDigests: () => bootedDigests(vmsDirectory),
    async touch({ path }) {
      const now = new Date();
      await utimes(path, now, now);
    },
    async setAside({ path, changedAtMs }) {
      const sight = await lstat(path).catch(ifAbsent(undefined));
      if (sight?.ctimeMs !== changedAtMs) return undefined;
      const aside = join(dirname(path), `${SET_ASIDE_PREFIX}${basename(path)}`);
      await rename(path, aside);
      return aside;
    },
    async remove(path) {
      await expectNoMounts(path);
      const bytes = await allocatedBytes(path);
      await rm(path, { recursive: true, force: true });
      return bytes;
    },
  };
}

async function inventoryOf(imagesDirectory: string): Promise<ImagesInventory> {
  const directory = await lstat(imagesDirectory).catch(ifAbsent(undefined));
  if (directory === undefined) return { isOwn: false, entries: [] };
  const artifacts = await entriesOf(imagesDirectory, async (name) => {
    if (name.startsWith(SET_ASIDE_PREFIX)) return { kind: 'setAside' };
    return ARTIFACT.test(name) ? { kind: 'artifact', digest: `sha256:${name}` } : undefined;
  });
  const builds = await entriesOf(join(imagesDirectory, BUILD_CACHE), async (name) => {
    const pid = BUILD.exec(name)?.[1];
    if (pid === undefined) return undefined;
    return { kind: 'build', isRunning: (await readProcess(Number(pid))) !== undefined };
  });
  return { isOwn: directory.isDirectory(), entries: [...artifacts, ...builds] };
}

async function entriesOf(
  directory: string,
  whatIs: (name: string) => Promise<ImageEntry['what'] | undefined>,
): Promise<ImageEntry[]> {
  const found = await readdir(directory, { withFileTypes: true }).catch(ifAbsent([]));
  const entries = await Promise.all(
    found.map(async (each): Promise<ImageEntry[]> => {
      // A link to a directory is none: what it leads to belongs to somebody else.
      const what = each.isDirectory() ? await whatIs(each.name) : undefined;
      if (what === undefined) return [];
      const path = join(directory, each.name);
      const sight = await lstat(path).catch(ifAbsent(undefined));
      return sight === undefined ? [] : [{ path, what, changedAtMs: sight.ctimeMs }];
    }),
  );
  return entries.flat();
}

async function bootedDigests(vmsDirectory: string): Promise<ReadonlySet<string> | undefined> {
  const names = await readdir(vmsDirectory).catch(ifAbsent([]));
  const runs = names.filter((name) => RUN_DIRECTORY.test(name)).map((name) => join(vmsDirectory, name));
  const booted = new Map<string, ReadonlySet<string>>();
  for (const run of runs) {
    booted.set(run, digestsIn(await readFile(join(run, 'vmm.json'), 'utf8').catch(ifAbsent(''))));
  }
  for (const { argv } of await listProcesses()) {
    // <vms>/<short id>/run/api.sock
    const run = dirname(dirname(apiSocketOf(argv) ?? ''));
    if (dirname(run) === vmsDirectory && (booted.get(run)?.size ?? 0) === 0) return undefined;
  }
  return new Set([...booted.values()].flatMap((digests) => [...digests]));
}

/** Removing what is mounted below would empty it. @throws Error naming the mount point */
async function expectNoMounts(path: string): Promise<void> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  // Field 5 (man 5 proc_pid_mountinfo).
  const points = table.split('\n').map((line) => line.split(' ')[4] ?? '');
  const point = points.find((each) => each === path || each.startsWith(`${path}/`));
  if (point !== undefined) throw new Error(`${point} is a mount point: unmount it, then ${path} is removed`);
}

/** Bytes on disk of the files that nothing else links to. */
async function allocatedBytes(path: string): Promise<number> {
  const sight = await lstat(path).catch(ifAbsent(undefined));
  if (sight === undefined) return 0;
  if (!sight.isDirectory()) return sight.nlink === 1 ? sight.blocks * 512 : 0;
  let bytes = 0;
  for (const name of await readdir(path)) bytes += await allocatedBytes(join(path, name));
  return bytes;
}

/** Takes the absence of a file for `value`; every other error stands. */
function ifAbsent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value;
    throw error;
  };
}
