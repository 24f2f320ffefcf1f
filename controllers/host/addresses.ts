import { createHash } from 'node:crypto';

const HOST_COUNT = 65_536;

/** Host part .0.1 of the subnet: the bridge's own address. */
export function gatewayOf(subnet: string): string {
  return addressAt(subnet, 1);
}

function addressAt(subnet: string, host: number): string {
  const [a, b] = subnet.split('.');
  return `${a}.${b}.${host >> 8}.${host & 255}`;
}

/**
 * The address of a VM in a /16: by hash of its UID, past addresses that others hold, so that it stays the
 * same on every node and after every restart unless somebody else already has it.
 * @throws RangeError when the subnet is full
 */
export function chooseAddress(uid: string, subnet: string, taken: ReadonlySet<string>): string {
  const start = createHash('sha256').update(uid).digest().readUInt16BE(0);
  for (let probe = 0; probe < HOST_COUNT; probe++) {
    const host = (start + probe) % HOST_COUNT;
    // Network address, gateway, broadcast.
    if (host <= 1 || host === HOST_COUNT - 1) continue;
    const address = addressAt(subnet, host);
    if (!taken.has(address)) return address;
  }
  throw new RangeError(`no free address left in ${subnet}`);
}
