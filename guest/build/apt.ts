import { access, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import { selectBookwormSources } from './debian-sources.ts';

/** Where apt keeps what it last fetched. */
const LISTS_DIR = '/var/lib/apt/lists';

/** This machine's apt, as far as a build needs it. */
export interface AptSetup {
  /** File with Debian 12's entries of /etc/apt. */
  readonly sourcesFile: string;
  readonly sourcesText: string;
  /** `Acquire` settings (proxies, validity checks) that a build must share, as `Key "value";` lines. */
  readonly options: readonly string[];
  /** Changes whenever `apt-get update` brings something new; empty lists give a constant. */
  readonly listsStamp: string;
}

/**
 * Reads /etc/apt and writes the entries for Debian 12 to `sourcesFile`.
 * @throws Error when there is no apt or it has no Debian 12 entry
 */
export async function readAptSetup(run: RunCommand, sourcesFile: string): Promise<AptSetup> {
  const sourcesText = selectBookwormSources(await readSourceFiles());
  if (sourcesText === '') {
    throw new Error(
      'no entry for Debian 12 (suite bookworm, component main) in /etc/apt/sources.list or /etc/apt/sources.list.d: add one, the guest image is built from it',
    );
  }
  await mkdir(dirname(sourcesFile), { recursive: true });
  await writeFile(sourcesFile, sourcesText);
  const dump = await runChecked(run, ['apt-config', 'dump', '--no-empty']);
  return {
    sourcesFile,
    sourcesText,
    options: dump.split('\n').filter((line) => /^Acquire::(https?|Check-|Retries)/i.test(line)),
    listsStamp: await stampLists(),
  };
}

async function readSourceFiles(): Promise<{ name: string; text: string }[]> {
  const directory = '/etc/apt/sources.list.d';
  const names = (await readdir(directory).catch(() => []))
    .filter((name) => /\.(list|sources)$/.test(name))
    .sort();
  const paths = ['/etc/apt/sources.list', ...names.map((name) => join(directory, name))];
  const present = await Promise.all(
    paths.map(async (path) => ({ name: path, text: await readFile(path, 'utf8').catch(() => '') })),
  );
  return present.filter((file) => file.text !== '');
}

async function stampLists(): Promise<string> {
  const names = (await readdir(LISTS_DIR).catch(() => [])).filter((name) => name.endsWith('Release')).sort();
  const lines = names.map(async (name) => {
    const { size, mtimeMs } = await stat(join(LISTS_DIR, name));
    return `${name} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(lines)).join('\n');
}

/**
 * Asks apt which versions it would install into an empty system: `name version` lines, sorted. Uses the
 * machine's package lists; where it has none, fetches them into `privateListsDir`.
 * @throws CommandError with apt's words
 */
export async function resolvePackages(
  run: RunCommand,
  setup: AptSetup,
  packages: readonly string[],
  privateListsDir: string,
): Promise<string> {
  const sources = ['-o', `Dir::Etc::sourcelist=${setup.sourcesFile}`, '-o', 'Dir::Etc::sourceparts=-'];
  const lists = setup.listsStamp === '' ? ['-o', `Dir::State::lists=${privateListsDir}`] : [];
  if (lists.length > 0) {
    await mkdir(join(privateListsDir, 'partial'), { recursive: true });
    await runChecked(run, ['apt-get', 'update', ...sources, ...lists], { timeoutMs: 120_000 });
  }
  const simulated = await runChecked(run, [
    'apt-get',
    'install',
    '--simulate',
    '--no-install-recommends',
    '-o',
    'Dir::State::status=/dev/null',
    ...sources,
    ...lists,
    '?essential',
    '?priority(required)',
    ...packages,
  ]);
  const versions = simulated.matchAll(/^Inst (\S+) \((\S+)/gm);
  return `${[...versions]
    .map((match) => `${match[1]} ${match[2]}`)
    .sort()
    .join('\n')}\n`;
}

/** Whether a file or directory is there. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
