import { readFile } from 'node:fs/promises';
import { writeDurably } from './durable-file.ts';
import { decodeRoute, encodeRoute, type Route, type RouteTable } from './route-table.ts';

/** The last-known table, as HAProxy reads it at its start: `key value` lines. */
export function formatMapFile(table: RouteTable): string {
  return [...table].map(([key, route]) => `${key} ${encodeRoute(route)}\n`).join('');
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

/** Writes the table whole or not at all; durable when it returns. */
export async function writeMapFile(path: string, table: RouteTable): Promise<void> {
  await writeDurably(path, formatMapFile(table));
}
