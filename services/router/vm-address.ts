import { isIPv4 } from 'node:net';

/** Whether an address is one that a VM may have: inside the /16, and neither network, bridge nor broadcast. */
export function isVmAddress(address: string, vmSubnet: string): boolean {
  const prefix = vmSubnet.replace(/0\.0\/16$/, '');
  if (!isIPv4(address) || !address.startsWith(prefix)) return false;
  return !['0.0', '0.1', '255.255'].includes(address.slice(prefix.length));
}
