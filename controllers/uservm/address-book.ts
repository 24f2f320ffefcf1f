import { chooseAddress } from '../host/addresses.ts';

/** Gives each VM of this node its address; what was given stays given until it is released. */
export class AddressBook {
  readonly #subnet: string;
  readonly #known: () => Iterable<{ readonly uid: string; readonly ip: string | undefined }>;
  readonly #given = new Map<string, string>();

  /** @param options.known addresses that objects of this node hold already */
  constructor(options: {
    subnet: string;
    known: () => Iterable<{ readonly uid: string; readonly ip: string | undefined }>;
  }) {
    this.#subnet = options.subnet;
    this.#known = options.known;
  }

  /**
   * The address in the object's status where it has one in this subnet that was not given to another meanwhile (a VM
   * that comes from elsewhere may bring one), else a free one.
   */
  reserve(uid: string, current: string | undefined): string {
    const isKept = this.#isInSubnet(current) && ![...this.#given.values()].includes(current);
    const given = this.#given.get(uid) ?? (isKept ? current : undefined);
    const ip = given ?? chooseAddress(uid, this.#subnet, this.#taken(uid));
    this.#given.set(uid, ip);
    return ip;
  }

  release(uid: string): void {
    this.#given.delete(uid);
  }

  #taken(uid: string): Set<string> {
    const taken = new Set(this.#given.values());
    for (const other of this.#known()) if (other.uid !== uid && other.ip !== undefined) taken.add(other.ip);
    return taken;
  }

  #isInSubnet(ip: string | undefined): ip is string {
    const network = this.#subnet.split('.').slice(0, 2).join('.');
    return ip?.startsWith(`${network}.`) === true;
  }
}
