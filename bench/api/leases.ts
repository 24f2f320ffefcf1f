/** The objects of the API benchmarks: 1.5 KB each, of the smallest kind, so that the store's path is what counts. */
const OBJECT_BYTES = 1_500;

export const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

export function leaseName(index: number): string {
  return `bench-${String(index).padStart(7, '0')}`;
}

/** The JSON of a Lease, at `version` of its content. */
export function leaseJson(index: number, version = 0): string {
  return JSON.stringify({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: leaseName(index),
      namespace: 'default',
      annotations: { filler: 'x'.repeat(OBJECT_BYTES - 300) },
    },
    spec: { holderIdentity: `holder-${version}` },
  });
}

/** What etcd is given in the comparison: as many bytes as the object has. */
export function leaseBytes(): Buffer {
  return Buffer.alloc(OBJECT_BYTES, 'x');
}
