import { type ApiClient, isAlreadyExists, isConflict, isNotFound } from '../../api/client/index.ts';
import { type Lease, leaseDefinition } from '../../crds/lease/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Logger } from '../../lib/logger.ts';
import { formatMicroTime } from './conditions.ts';
import { causeChain } from './errors.ts';
import { LeaseObserver, planLeaseWrite } from './lease-plan.ts';

export interface LeaderElectionOptions {
  readonly client: Pick<ApiClient, 'get' | 'create' | 'update'>;
  readonly namespace: string;
  readonly leaseName: string;
  /** Unique a process, e.g. `<host>_<uuid>`. */
  readonly identity: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the candidacy; a leader gives the Lease back. */
  readonly signal: AbortSignal;
  /** Others take over after so long without a renewal. Default 15,000. */
  readonly leaseDurationMs?: number;
  /** The leader gives up when it could not renew for so long; below leaseDurationMs. Default 10,000. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts. Default 2,000. */
  readonly retryPeriodMs?: number;
  /**
   * Called once, when this process leads. `fencingToken` rises with each new leader.
   * The signal aborts when leadership is lost or the candidacy ends.
   */
  readonly lead: (context: { signal: AbortSignal; fencingToken: number }) => Promise<void>;
}

/**
 * Waits to become leader, leads, and returns when the candidacy ended by its signal.
 * All durations are measured on this machine's monotonic clock from the moment a Lease was seen to change, never
 * from the times written in it: clocks of two hosts need not agree.
 * @throws LeadershipLostError when it could not renew in time: the process must exit, since somebody else may lead
 */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const election = new Election(options);
  if (!(await election.acquire())) return;
  const leading = new AbortController();
  const work = options.lead({ signal: leading.signal, fencingToken: election.fencingToken });
  try {
    await Promise.race([election.renewUntilEnd(), work.then(() => new Promise<never>(() => {}))]);
  } catch (error) {
    leading.abort(error);
    // The work itself failed: the Lease is still ours to give back.
    if (!(error instanceof LeadershipLostError)) await election.release();
    throw error;
  }
  leading.abort(new Error('candidacy ended'));
  await work.catch(() => {});
  await election.release();
}

/** This process led and no longer can be sure that it alone does. */
export class LeadershipLostError extends Error {
  constructor(leaseName: string, detail: string) {
    super(`lost leadership of Lease ${leaseName}: ${detail}`);
    this.name = 'LeadershipLostError';
  }
}

class Election {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #observer = new LeaseObserver();
  #held: Stored<Lease> | undefined;
  #renewedMs = 0;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
  }

  get fencingToken(): number {
    return this.#held?.spec.leaseTransitions ?? 0;
  }

  /** False when the candidacy ended before. */
  async acquire(): Promise<boolean> {
    const { clock, logger, signal, leaseName, identity } = this.#options;
    while (!signal.aborted) {
      try {
        if (await this.#tryWrite()) {
          logger.info({ lease: leaseName, identity, fencingToken: this.fencingToken }, 'leading');
          return true;
        }
      } catch (error) {
        if (signal.aborted) return false;
        logger.warn(
          { lease: leaseName, error: causeChain(error) },
          'cannot read or write the Lease; trying again',
        );
      }
      await clock.sleep(this.#retryPeriodMs, signal).catch(() => {});
    }
    return false;
  }

  /** Returns when the candidacy ended; throws when the Lease is lost. */
  async renewUntilEnd(): Promise<void> {
    const { clock, logger, signal, leaseName } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(this.#retryPeriodMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        if (!(await this.#tryWrite())) throw new LeadershipLostError(leaseName, 'somebody else holds it');
      } catch (error) {
        if (error instanceof LeadershipLostError) throw error;
        if (signal.aborted) return;
        logger.warn({ lease: leaseName, error: causeChain(error) }, 'cannot renew the Lease; trying again');
      }
      const sinceMs = clock.monotonicMs() - this.#renewedMs;
      if (sinceMs >= this.#renewDeadlineMs)
        throw new LeadershipLostError(leaseName, `not renewed for ${Math.round(sinceMs)} ms`);
    }
  }

  /** Gives the Lease back, so that the next leader need not wait for its end. */
  async release(): Promise<void> {
    if (this.#held === undefined) return;
    const spec = { ...this.#held.spec, holderIdentity: '', leaseDurationSeconds: 1 };
    await this.#options.client
      .update<Lease>(leaseDefinition, { ...this.#held, spec }, { timeoutMs: 2_000 })
      .catch((error: unknown) =>
        this.#options.logger.warn({ error: causeChain(error) }, 'could not give the Lease back'),
      );
  }

  /** Takes or renews the Lease; false when another holds it. */
  async #tryWrite(): Promise<boolean> {
    const { client, clock, identity } = this.#options;
    // The Lease counts from before the write was sent: the server may have done it at any time since.
    const startMs = clock.monotonicMs();
    const current = await this.#read();
    const plan = planLeaseWrite({
      identity,
      current: current?.spec,
      currentAgeMs:
        current === undefined
          ? 0
          : this.#observer.ageMs(current.metadata.resourceVersion, clock.monotonicMs()),
      leaseDurationMs: this.#leaseDurationMs,
      now: formatMicroTime(clock.nowMs()),
    });
    if (plan === undefined) return false;
    try {
      this.#held = await this.#write(client, current, plan);
      this.#renewedMs = startMs;
      this.#observer.ageMs(this.#held.metadata.resourceVersion, clock.monotonicMs());
      return true;
    } catch (error) {
      if (isConflict(error) || isAlreadyExists(error)) return false;
      throw error;
    }
  }

  async #read(): Promise<Stored<Lease> | undefined> {
    const { client, namespace, leaseName, signal } = this.#options;
    try {
      const timeoutMs = this.#retryPeriodMs;
      return await client.get<Lease>(leaseDefinition, { namespace, name: leaseName }, { timeoutMs, signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  #write(
    client: LeaderElectionOptions['client'],
    current: Stored<Lease> | undefined,
    spec: Lease['spec'],
  ): Promise<Stored<Lease>> {
    const { namespace, leaseName, signal } = this.#options;
    const options = { timeoutMs: this.#retryPeriodMs, signal };
    if (current !== undefined) return client.update<Lease>(leaseDefinition, { ...current, spec }, options);
    const metadata = { namespace, name: leaseName };
    const lease: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec };
    return client.create<Lease>(leaseDefinition, lease, options);
  }
}
