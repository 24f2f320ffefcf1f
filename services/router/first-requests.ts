import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { type AccessLogEntry, isSuccess } from './access-log.ts';
import { writeDurably } from './durable-file.ts';
import { ROUTE_TARGETS, type RouteTable } from './route-table.ts';

const bootKey = (vmId: string, bootId: string, target: string): string => `${vmId} ${bootId} ${target}`;

/**
 * Knows which boots of which VMs have answered their first request, a target each. It is kept on disk, so that a
 * restart of holt-router does not report a VM's hundredth request as its first.
 */
export class FirstRequests {
  readonly #path: string;
  readonly #seen: Set<string>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, seen: Iterable<string>) {
    this.#path = path;
    this.#seen = new Set(seen);
  }

  /** A file that is missing or damaged counts as empty: the cost is a first request reported twice. */
  static async open(path: string): Promise<FirstRequests> {
    const text = await readFile(path, 'utf8').catch(() => '[]');
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = [];
    }
    return new FirstRequests(path, z.array(z.string()).catch([]).parse(json));
  }

  /** Whether this boot has answered on this target before. */
  isAnswered(boot: { vmId: string; bootId: string; target: string }): boolean {
    return this.#seen.has(bootKey(boot.vmId, boot.bootId, boot.target));
  }

  /** True once a boot and target: for the first request that a sandbox answered well. */
  isFirst(entry: AccessLogEntry): boolean {
    if (!isSuccess(entry) || entry.boot_id === '') return false;
    const key = bootKey(entry.vm_id, entry.boot_id, entry.route);
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    return true;
  }

  /** Writes what is known of the boots that the table still has, and forgets the others. */
  async save(table: RouteTable): Promise<void> {
    const present = new Set<string>();
    for (const { vmId, bootId } of table.values()) {
      for (const target of ROUTE_TARGETS) present.add(bootKey(vmId, bootId, target));
    }
    for (const key of this.#seen) if (!present.has(key)) this.#seen.delete(key);
    const text = `${JSON.stringify([...this.#seen])}\n`;
    this.#writing = this.#writing.catch(() => {}).then(() => writeDurably(this.#path, text));
    await this.#writing;
  }
}
