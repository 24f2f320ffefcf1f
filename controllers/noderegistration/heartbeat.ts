import { type ApiClient, isConflict } from '../../api/client/index.ts';
import type { Lease } from '../../crds/lease/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Node } from '../../crds/node/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import type { HostFacts } from './node-object.ts';
import { registerNode } from './register-node.ts';
import { renewLease } from './renew-lease.ts';

export interface HeartbeatOptions {
  readonly client: ApiClient;
  readonly facts: HostFacts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default 10,000. */
  readonly periodMs?: number;
}

/** Keeps this host's Node and Lease as they should be, until the signal. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #lease: Stored<Lease> | undefined;
  #node: Stored<Node> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** The Node as it was at the last beat; undefined before the first. */
  get node(): Stored<Node> | undefined {
    return this.#node;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, periodMs = 10_000 } = this.#options;
    while (!signal.aborted) {
      let pauseMs = periodMs;
      try {
        await this.beat();
      } catch (error) {
        if (signal.aborted) return;
        // Someone else wrote, or the API is away: a lost beat is made up for soon, the Lease lasts four.
        pauseMs = 1_000;
        if (!isConflict(error)) logger.warn({ err: error }, 'heartbeat failed');
      }
      await clock.sleep(pauseMs, signal).catch(() => {});
    }
  }

  async beat(): Promise<void> {
    const { client, facts, clock } = this.#options;
    this.#node = await registerNode(client, facts, clock);
    const known = this.#lease;
    this.#lease = undefined;
    this.#lease = await renewLease(client, this.#node, known, clock);
  }
}
