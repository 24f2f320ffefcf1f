import { type HaproxyAdmin, HaproxyAdminError } from './haproxy-admin.ts';

/** The entries of a map as HAProxy has them: later duplicates of a key are never used and are listed apart. */
export interface MapContents {
  readonly entries: ReadonlyMap<string, string>;
  /** Keys that stand there more than once. */
  readonly duplicateKeys: ReadonlySet<string>;
}

/** One entry to write; `undefined` removes the key. */
export interface MapChange {
  readonly key: string;
  readonly value: string | undefined;
}

/** Above this many changes a whole new version of the map is cheaper than one command a change. */
const REPLACE_ABOVE = 200;
/** Bytes of payload a command: well below HAProxy's buffer of 16 KiB. */
const PAYLOAD_BYTES_MAX = 8000;

/** Reads the whole map. @throws HaproxyAdminError when HAProxy does not know it */
export async function readMap(admin: HaproxyAdmin, path: string): Promise<MapContents> {
  const answer = await admin.run(`show map ${path}`);
  const entries = new Map<string, string>();
  const duplicateKeys = new Set<string>();
  for (const line of answer.split('\n')) {
    if (line === '') continue;
    const [, key, value] = /^0x[0-9a-f]+ (\S+) (\S*)$/.exec(line) ?? [];
    if (key === undefined || value === undefined)
      throw new HaproxyAdminError(`show map ${path}: ${line.slice(0, 200)}`);
    if (entries.has(key)) duplicateKeys.add(key);
    else entries.set(key, value);
  }
  return { entries, duplicateKeys };
}

/**
 * Carries out the changes in their order. `known` is what the map holds before: it decides between set and add,
 * since `set` fails on a missing key and `add` on a present one makes a duplicate that is never used.
 * @throws HaproxyAdminError at the first command that HAProxy refuses
 */
export async function changeMap(
  admin: HaproxyAdmin,
  path: string,
  known: ReadonlyMap<string, string>,
  changes: readonly MapChange[],
): Promise<void> {
  if (changes.length > REPLACE_ABOVE) {
    const entries = new Map(known);
    for (const { key, value } of changes) {
      if (value === undefined) entries.delete(key);
      else entries.set(key, value);
    }
    return replaceMap(admin, path, entries);
  }
  for (const { key, value } of changes) {
    if (value === undefined) {
      if (known.has(key)) await expectSilence(admin, `del map ${path} ${key}`);
    } else await expectSilence(admin, `${known.has(key) ? 'set' : 'add'} map ${path} ${key} ${value}`);
  }
}

/**
 * Replaces the whole map in one step: requests see either all old or all new entries.
 * @throws HaproxyAdminError at the first command that HAProxy refuses
 */
export async function replaceMap(
  admin: HaproxyAdmin,
  path: string,
  entries: ReadonlyMap<string, string>,
): Promise<void> {
  const prepared = await admin.run(`prepare map ${path}`);
  const version = /^New version created: (\d+)$/.exec(prepared)?.[1];
  if (version === undefined) throw new HaproxyAdminError(`prepare map ${path}: ${prepared.slice(0, 200)}`);
  for (const payload of payloads(entries))
    await expectSilence(admin, `add map @${version} ${path} <<\n${payload}`);
  await expectSilence(admin, `commit map @${version} ${path}`);
}

function* payloads(entries: ReadonlyMap<string, string>): Generator<string> {
  let payload = '';
  for (const [key, value] of entries) {
    const line = `${key} ${value}\n`;
    if (payload.length + line.length > PAYLOAD_BYTES_MAX) {
      yield payload;
      payload = '';
    }
    payload += line;
  }
  if (payload !== '') yield payload;
}

/** HAProxy says nothing when a change is done. */
async function expectSilence(admin: HaproxyAdmin, command: string): Promise<void> {
  const answer = await admin.run(command);
  if (answer !== '') throw new HaproxyAdminError(`${command.split('\n')[0]}: ${answer.slice(0, 200)}`);
}
