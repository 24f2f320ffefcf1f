import { OBJECTS, objectJson, objectName } from './objects.ts';
import type { World } from './world.ts';

const CONNECTIONS = 16;

/** Calls `operation` with each number from `from` up to `to`, some at once. */
async function forEach(
  from: number,
  to: number,
  operation: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = from;
  const caller = async () => {
    while (next < to) await operation(next++);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, caller));
}

/** Creates the objects of these numbers. */
export async function fill(world: World, from: number, to: number): Promise<void> {
  const api = world.connect(CONNECTIONS);
  await forEach(from, to, (index) => api.send('POST', OBJECTS, objectJson(index))).finally(() => api.close());
}

/** Deletes them one by one: a collection of so many takes longer than a request may. */
export async function clear(world: World, from: number, to: number): Promise<void> {
  const api = world.connect(CONNECTIONS);
  const remove = (index: number) => api.send('DELETE', `${OBJECTS}/${objectName(index)}`);
  await forEach(from, to, remove).finally(() => api.close());
}
