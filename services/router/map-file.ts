import { readFile, rename, writeFile } from 'node:fs/promises';
import { syncFile } from './durable-file.ts';
import { decodeRoute, type Route, type RouteTable } from './route-table.ts';

/** The last-known table, as HAProxy reads it at its start: `key value` lines. */
export function formatMapFile(table: RouteTable): string {
  return [...table].map(([key, route]) => `${key} ${route.value}\n`).join('');
}

/** Reads the last-known table; lines that are no routes are left out, a missing file is an empty table. */
export async function readMapFile(path: string): Promise<RouteTable> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const table = new Map<string, Route>();
  for (const line of text.split('\n')) {
    const [key = '', value = ''] = line.split(' ');
    const route = decodeRoute(key, value);
    if (route !== undefined) table.set(key, route);
  }
  return table;
}

/**
 * The last-known table on disk. A change is in the file before anybody is told of it, and an end of any process
 * loses nothing. That it also survives a power cut is seen to afterwards: a busy disk takes tens of milliseconds
 * for it, and a host that lost its power has no VM left that the table could lead to.
 */
export class MapFile {
  readonly #path: string;
  readonly #onSyncError: (error: unknown) => void;
  #isDirty = false;
  #syncing: Promise<void> | undefined;

  constructor(path: string, onSyncError: (error: unknown) => void) {
    this.#path = path;
    this.#onSyncError = onSyncError;
  }

  /** Replaces the file whole or not at all. @throws Error of the file system, e.g. ENOSPC */
  async replace(table: RouteTable): Promise<void> {
    const temporary = `${this.#path}.new`;
    await writeFile(temporary, formatMapFile(table), { mode: 0o600 });
    await rename(temporary, this.#path);
    this.#isDirty = true;
    this.#syncing ??= this.#sync();
  }

  /** Resolves when the file survives a power cut. */
  async settled(): Promise<void> {
    await this.#syncing;
  }

  async #sync(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      await syncFile(this.#path).catch(this.#onSyncError);
    }
    this.#syncing = undefined;
  }
}
