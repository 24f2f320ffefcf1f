const firstHost = 10;
/** Addresses of one VM: 10.89.0.10 to 10.89.3.249. */
const hostCount = 1000;

/** The address for index 0, 1, ... */
export function addressAt(index: number): string {
  const host = firstHost + index;
  return `10.89.${host >> 8}.${host & 255}`;
}

/** Addresses in use that the caller knows of, by the UID of the SandboxContainer. */
export interface KnownAddress {
  readonly uid: string;
  readonly address: string;
}

/**
 * Hands out addresses inside VMs. What objects and containers say comes first, so that nothing moves when the
 * process starts anew; what was handed out and is not in a status yet is remembered here.
 */
export class AddressBook {
  readonly #reserved = new Map<string, Map<string, string>>();

  /**
   * The address of a container: the one it has, else the first free one of its VM.
   * @param known what statuses and the guest's labels say for this VM, the container's own included
   * @throws RangeError when the VM has no address left
   */
  allocate(vmKey: string, uid: string, known: readonly KnownAddress[]): string {
    const reserved = this.#reserved.get(vmKey) ?? new Map<string, string>();
    this.#reserved.set(vmKey, reserved);
    const others = new Set<string>();
    for (const entry of known) if (entry.uid !== uid) others.add(entry.address);
    for (const [owner, address] of reserved) if (owner !== uid) others.add(address);
    const own = known.find((entry) => entry.uid === uid)?.address ?? reserved.get(uid);
    const address = own !== undefined && !others.has(own) ? own : firstFree(others);
    reserved.set(uid, address);
    return address;
  }

  /** The container is gone. */
  release(vmKey: string, uid: string): void {
    const reserved = this.#reserved.get(vmKey);
    reserved?.delete(uid);
    if (reserved?.size === 0) this.#reserved.delete(vmKey);
  }
}

function firstFree(used: ReadonlySet<string>): string {
  for (let index = 0; index < hostCount; index += 1) {
    const address = addressAt(index);
    if (!used.has(address)) return address;
  }
  throw new RangeError(`no free container address: all ${hostCount} of the VM are in use`);
}
