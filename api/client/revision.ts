/**
 * Whether revision `a` is older than `b`. Kubernetes calls resourceVersion opaque; Holt's API server documents it
 * as etcd's mod revision, a decimal integer. This file is the only one outside the server that relies on it: a
 * cache that cannot tell an older answer from a newer one would go back in time after a reconnect.
 * A version that is no integer compares as not older.
 */
export function isOlderRevision(a: string, b: string): boolean {
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return false;
  return BigInt(a) < BigInt(b);
}
