import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from '../../api/client/index.ts';
import { readFleet } from '../../e2e/guestless/converged.ts';

/** Work of others on the same host, while VMs come and go. */
export interface Load {
  readonly lists: () => number;
  readonly events: () => number;
  stop(): Promise<void>;
}

const READERS = 2;
const READ_PAUSE_MS = 50;

/** Lists everything again and again, and watches as people's programs do, until it is stopped. */
export function startLoad(client: ApiClient, watched: Parameters<ApiClient['watch']>[0]): Load {
  const stopping = new AbortController();
  const { signal } = stopping;
  let lists = 0;
  let events = 0;
  const reader = async () => {
    while (!signal.aborted) {
      await readFleet(client);
      lists += 1;
      await sleep(READ_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  };
  const watcher = async () => {
    while (!signal.aborted) for await (const _ of client.watch(watched, { signal })) events += 1;
  };
  const untilStopped = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  const running = Promise.all([...Array.from({ length: READERS }, reader), watcher()].map(untilStopped));
  running.catch(() => {});
  return {
    lists: () => lists,
    events: () => events,
    stop: async () => {
      stopping.abort(new Error('the load ends'));
      await running;
    },
  };
}
