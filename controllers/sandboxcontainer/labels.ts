/** Labels of a container in the guest: what the controller knows it by, whatever happens to its own memory. */
export const CONTAINER_LABELS = {
  /** UID of the SandboxContainer. A container without it is not Holt's. */
  uid: 'holt.dev/uid',
  /** Drift key: see `effective-spec.ts`. */
  specHash: 'holt.dev/spec-hash',
  name: 'holt.dev/name',
  role: 'holt.dev/role',
  /** Address in the guest's container network. */
  address: 'holt.dev/address',
  /** The guest's boot id at creation: an ended container of an earlier boot did not crash. */
  bootId: 'holt.dev/boot-id',
  /** A container that Holt makes for itself and removes at once, e.g. to make data directories. */
  helper: 'holt.dev/helper',
} as const;

/** The bridge network of the guest image. */
export const CONTAINER_NETWORK = 'holt';

/** Where the data volume's directories are in the guest. */
export const DATA_DIRECTORY = '/var/lib/holt/data';
