import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { User } from '../auth/user.ts';
import type { RequestInfo } from '../http/request-info.ts';
import { StatusError } from '../http/status-error.ts';
import { classify, PRIORITY_LEVELS, type PriorityLevelName } from './classify.ts';
import { PriorityLevel, type PriorityLevelLimits, type Release } from './priority-level.ts';

export type FlowLimits = Readonly<Record<PriorityLevelName, PriorityLevelLimits>>;

const QUEUES = { queues: 64, queueLength: 50, handSize: 6, waitMs: 15_000 };

/** Seats for one process on one thread: more of them at once only make each slower. */
export const DEFAULT_FLOW_LIMITS: FlowLimits = {
  'node-high': { ...QUEUES, seats: 40 },
  'workload-high': { ...QUEUES, seats: 80 },
  'workload-low': { ...QUEUES, seats: 60 },
  'global-default': { ...QUEUES, seats: 40 },
  'catch-all': { queues: 1, queueLength: 0, handSize: 1, waitMs: 0, seats: 5 },
};

const SECONDS_TO_RETRY = 1;

/** Names stand for the UIDs of FlowSchema objects, of which there are none here: a UID is made of each name. */
function uidOf(kind: string, name: string): string {
  const hex = createHash('sha256').update(`${kind}/${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function memoized(kind: string): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    const uid = known.get(name) ?? uidOf(kind, name);
    known.set(name, uid);
    return uid;
  };
}

const schemaUid = memoized('FlowSchema');
const levelUid = memoized('PriorityLevelConfiguration');

/** Bounds the requests that are answered at once, so that no one keeps the others out. */
export class FlowControl {
  readonly #levels: ReadonlyMap<string, PriorityLevel>;
  readonly #rejected: Counter<'level' | 'reason'>;
  readonly #wait: Histogram<'level'>;

  constructor(registry: Registry, limits: FlowLimits = DEFAULT_FLOW_LIMITS) {
    this.#levels = new Map(PRIORITY_LEVELS.map((name) => [name, new PriorityLevel(limits[name])]));
    const levels = this.#levels;
    const gauge = (name: string, help: string, read: (level: PriorityLevel) => number) =>
      new Gauge({
        name,
        help,
        labelNames: ['level'] as const,
        registers: [registry],
        collect() {
          for (const [level, one] of levels) this.set({ level }, read(one));
        },
      });
    gauge('holt_api_flow_executing', 'Requests with a seat, by priority level', (level) => level.executing);
    gauge(
      'holt_api_flow_waiting',
      'Requests that wait for a seat, by priority level',
      (level) => level.waiting,
    );
    this.#rejected = new Counter({
      name: 'holt_api_flow_rejected_total',
      help: 'Requests that were turned away, by priority level and reason (queue-full, time-out)',
      labelNames: ['level', 'reason'] as const,
      registers: [registry],
    });
    this.#wait = new Histogram({
      name: 'holt_api_flow_wait_seconds',
      help: 'Time that requests waited for a seat, by priority level',
      labelNames: ['level'] as const,
      buckets: [0.001, 0.01, 0.1, 0.5, 1, 5, 15],
      registers: [registry],
    });
  }

  /**
   * Waits for a seat; it is given back by the result, and at the end of the response in any case.
   * @throws StatusError 429 when too many wait already, or none was free in time
   */
  async admit(user: User, info: RequestInfo, response: ServerResponse): Promise<Release> {
    const { schema, level: name, flow } = classify(user, info);
    response.setHeader('x-kubernetes-pf-flowschema-uid', schemaUid(schema));
    response.setHeader('x-kubernetes-pf-prioritylevel-uid', levelUid(name));
    const level = this.#levels.get(name);
    if (level === undefined) return () => {};
    const gone = new AbortController();
    const onClose = () => gone.abort();
    response.once('close', onClose);
    const startMs = performance.now();
    const seat = await level.acquire(flow, gone.signal);
    response.removeListener('close', onClose);
    this.#wait.observe({ level: name }, (performance.now() - startMs) / 1000);
    if (typeof seat === 'string') {
      this.#rejected.inc({ level: name, reason: seat });
      response.setHeader('retry-after', String(SECONDS_TO_RETRY));
      throw new StatusError({
        code: 429,
        reason: 'TooManyRequests',
        message: 'Too many requests, please try again later.',
        details: { retryAfterSeconds: SECONDS_TO_RETRY },
      });
    }
    if (response.destroyed) seat();
    else response.once('close', seat);
    return seat;
  }
}
