/** systemd's table of user ids leaves 1879048192 to 2147483647 to nobody (https://systemd.io/UIDS-GIDS). */
const FIRST_USER_ID = 1_900_000_000;

/**
 * User and group id of the VMM whose VM has this address: a VM's own, because its address is, and without a
 * table to keep. No account has the number.
 * @throws RangeError when it is no IPv4 address
 */
export function vmmUserIdOf(ip: string): number {
  const [, , third, fourth] = ip.split('.').map(Number);
  const isByte = (part: number | undefined): part is number =>
    part !== undefined && Number.isInteger(part) && part >= 0 && part <= 255;
  if (!isByte(third) || !isByte(fourth)) throw new RangeError(`not an IPv4 address: ${JSON.stringify(ip)}`);
  return FIRST_USER_ID + third * 256 + fourth;
}
