/**
 * A resourceVersion as a number. Kubernetes calls it opaque; Holt's API server documents it as etcd's revision.
 * @throws Error when it is none
 */
export function parseRevision(resourceVersion: string): number {
  const revision = Number(resourceVersion);
  if (!/^\d+$/.test(resourceVersion) || !Number.isSafeInteger(revision))
    throw new Error(`resourceVersion "${resourceVersion.slice(0, 100)}" is no revision`);
  return revision;
}
