import type { LeaseClient } from './operation.ts';

/** True on every `n`th call, so that a bug shows now and then, as real ones do. */
export function everyNth(n: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % n === 0;
  };
}

/** The client with some of its methods replaced. */
export function altered(
  client: LeaseClient,
  change: (real: LeaseClient) => Partial<LeaseClient>,
): LeaseClient {
  const real: LeaseClient = {
    create: (key, token) => client.create(key, token),
    get: (key) => client.get(key),
    update: (seen, token) => client.update(seen, token),
    patch: (key, token) => client.patch(key, token),
    delete: (key) => client.delete(key),
    list: () => client.list(),
    cachedList: () => client.cachedList(),
    dryRun: (key, token) => client.dryRun(key, token),
  };
  return { ...real, ...change(real) };
}
