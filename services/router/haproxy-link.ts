import type { Logger } from '../../lib/logger.ts';
import { AdminConnection, type HaproxyProcess, readProcess } from './haproxy-admin.ts';
import { changeMap, type MapChange, type MapContents, readMap, replaceMap } from './haproxy-map.ts';
import { endStreamsTo } from './haproxy-sessions.ts';
import type { RouterMetrics } from './metrics.ts';
import { isUnchanged, planChanges } from './plan-changes.ts';
import type { RouteTable } from './route-table.ts';

export interface HaproxyLinkOptions {
  readonly adminSocket: string;
  readonly routesMap: string;
  readonly logger: Logger;
  readonly metrics: RouterMetrics;
  /** Called when the connection of the last `reconcile` is lost. */
  readonly onLost: (reason: Error) => void;
}

/**
 * The link to the running HAProxy: one connection, and what its route map holds as far as we know. `reconcile`
 * reads the map anew over a new connection, so that a restarted HAProxy is never taken for the old one; `apply`
 * goes on from what is known. After any error the link is down until the next `reconcile`. Calls must not overlap.
 */
export class HaproxyLink {
  readonly #options: HaproxyLinkOptions;
  #connection: AdminConnection | undefined;
  #known = new Map<string, string>();
  #process: HaproxyProcess | undefined;

  constructor(options: HaproxyLinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#connection !== undefined;
  }

  /**
   * Compares HAProxy's map with the table and makes it equal.
   * @throws HaproxyAdminError when HAProxy is out of reach or refuses a command
   */
  async reconcile(table: RouteTable): Promise<void> {
    const { adminSocket, metrics, routesMap } = this.#options;
    const wasUp = this.isUp;
    this.close();
    const connection = await AdminConnection.open({ path: adminSocket });
    this.#adopt(connection);
    await this.#guard(async () => {
      const isSameProcess = this.#noteProcess(await readProcess(connection));
      const contents = await readMap(connection, routesMap);
      this.#known = new Map(contents.entries);
      const changedCount = await this.#carryOut(connection, contents, table);
      // Differences after an outage are work that was waiting; in a running process they are somebody else's.
      if (wasUp && isSameProcess && changedCount > 0) metrics.driftedEntries.inc(changedCount);
      metrics.reconciles.inc({ result: changedCount === 0 ? 'unchanged' : 'changed' });
    });
  }

  /**
   * Makes HAProxy's map equal to the table, from what it is known to hold.
   * @throws HaproxyAdminError when HAProxy is out of reach or refuses a command
   */
  async apply(table: RouteTable): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return this.reconcile(table);
    const contents = { entries: this.#known, duplicateKeys: new Set<string>() };
    await this.#guard(() => this.#carryOut(connection, contents, table));
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    this.#options.metrics.haproxyConnected.set(0);
  }

  #adopt(connection: AdminConnection): void {
    this.#connection = connection;
    this.#options.metrics.haproxyConnected.set(1);
    void connection.closed.then((reason) => {
      if (this.#connection !== connection) return;
      this.close();
      this.#options.onLost(reason);
    });
  }

  #noteProcess(process: HaproxyProcess): boolean {
    const { logger, metrics } = this.#options;
    const previous = this.#process;
    this.#process = process;
    const isSame = previous?.pid === process.pid && previous.uptimeSeconds <= process.uptimeSeconds;
    if (!isSame) {
      metrics.haproxyStarts.inc();
      logger.info(
        { haproxyPid: process.pid, previousPid: previous?.pid },
        'talking to a new HAProxy process',
      );
    }
    return isSame;
  }

  async #carryOut(connection: AdminConnection, contents: MapContents, table: RouteTable): Promise<number> {
    const { logger, metrics, routesMap } = this.#options;
    const changes = planChanges(contents, table);
    if (!isUnchanged(changes)) {
      await this.#change(connection, changes.withdraw);
      if (changes.releasedAddresses.length > 0) {
        const endedCount = await endStreamsTo(connection, changes.releasedAddresses);
        metrics.endedStreams.inc(endedCount);
        logger.info({ addresses: changes.releasedAddresses, endedCount }, 'addresses changed hands');
      }
      await this.#change(connection, changes.admit);
    }
    if (contents.duplicateKeys.size > 0) {
      const entries = new Map([...table].map(([key, route]) => [key, route.value]));
      await replaceMap(connection, routesMap, entries);
    }
    return changes.withdraw.length + changes.admit.length + contents.duplicateKeys.size;
  }

  async #change(connection: AdminConnection, changes: readonly MapChange[]): Promise<void> {
    await changeMap(connection, this.#options.routesMap, this.#known, changes);
    for (const { key, value } of changes) {
      if (value === undefined) this.#known.delete(key);
      else this.#known.set(key, value);
    }
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.close();
      throw error;
    }
  }
}
