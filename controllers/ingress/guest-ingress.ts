import type { VsockAddress } from '../../lib/http-over-vsock.ts';
import { type CommandOptions, IngressError, runIngressCommand } from './runtime-command.ts';

/** The keys that the guest's ingress looks up. */
export type RouteKey = 'live' | 'dev';

/** The map that guest/rootfs/etc/holt/ingress.cfg reads. */
const guestRoutesMap = '/run/holt/ingress/routes.map';

const targetPattern = /^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/;

/** The route table of one guest's ingress: key to `ip:port`. It is in memory there and empty after each boot. */
export class GuestIngress {
  readonly #address: VsockAddress;
  readonly #map: string;

  constructor(address: VsockAddress, routesMap = guestRoutesMap) {
    this.#address = address;
    this.#map = routesMap;
  }

  /** @throws VsockError, IngressError */
  async listRoutes(options: CommandOptions = {}): Promise<ReadonlyMap<string, string>> {
    const answer = await this.#run(`show map ${this.#map}`, options);
    const routes = new Map<string, string>();
    for (const line of answer.split('\n')) {
      if (line.trim() === '') continue;
      // <entry's address> <key> <value>
      const [entry = '', key, value, ...rest] = line.trim().split(/\s+/);
      if (!entry.startsWith('0x') || key === undefined || value === undefined || rest.length > 0)
        throw new IngressError('show map', `received ${JSON.stringify(line)}`);
      // Of several entries with one key the ingress takes the first.
      if (!routes.has(key)) routes.set(key, value);
    }
    return routes;
  }

  /**
   * Makes a route lead to `target`, from the next request on; open connections stay where they are.
   * @param target `ip:port` inside the container network
   * @throws RangeError for another target; VsockError, IngressError
   */
  async setRoute(key: RouteKey, target: string, options: CommandOptions = {}): Promise<void> {
    if (!targetPattern.test(target)) throw new RangeError(`not a route target: ${JSON.stringify(target)}`);
    // `add map` on an existing key would leave two entries, and `set map` refuses a missing one.
    const answer = await this.#run(`set map ${this.#map} ${key} ${target}`, options);
    if (answer === '') return;
    if (!isEntryMissing(answer)) throw new IngressError(`set map ${key}`, answer);
    const added = await this.#run(`add map ${this.#map} ${key} ${target}`, options);
    if (added !== '') throw new IngressError(`add map ${key}`, added);
  }

  /** Takes a route away; does nothing where it is not there. @throws VsockError, IngressError */
  async deleteRoute(key: string, options: CommandOptions = {}): Promise<void> {
    const answer = await this.#run(`del map ${this.#map} ${key}`, options);
    if (answer !== '' && !isEntryMissing(answer)) throw new IngressError(`del map ${key}`, answer);
  }

  #run(command: string, options: CommandOptions): Promise<string> {
    return runIngressCommand(this.#address, command, options);
  }
}

/** HAProxy has no codes, only words: "entry not found." for `set map`, "Key not found." for `del map`. */
function isEntryMissing(answer: string): boolean {
  return /^(entry|key) not found/i.test(answer);
}
