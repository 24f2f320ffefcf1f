import type { LeaseClient, Operation, OperationKind, Outcome, Seen } from './operation.ts';
import { seededRandom } from './random.ts';

export interface WorkloadOptions {
  readonly clients: readonly LeaseClient[];
  readonly keys: readonly string[];
  /** Operations that reach the server, or may have. */
  readonly operationCount: number;
  readonly seed: number;
  /** Told of the number of operations so far. */
  readonly onProgress?: (done: number) => void;
}

/** How often each operation is chosen, of 100. */
const WEIGHTS: readonly (readonly [OperationKind, number])[] = [
  ['get', 25],
  ['update', 25],
  ['patch', 15],
  ['create', 14],
  ['delete', 9],
  ['list', 6],
  ['cachedList', 3],
  ['dryRun', 3],
];

/** The server is away for a while: it is not asked more often than this. */
const RETRY_MS = 25;

function choose<T>(random: () => number, from: readonly T[]): T {
  const chosen = from[Math.floor(random() * from.length)];
  if (chosen === undefined) throw new RangeError('nothing to choose from');
  return chosen;
}

function chooseKind(random: () => number): OperationKind {
  let left = random() * 100;
  for (const [kind, weight] of WEIGHTS) {
    left -= weight;
    if (left < 0) return kind;
  }
  return 'get';
}

/** One client at work: it knows what it last saw, which may be old. */
class Worker {
  readonly #known = new Map<string, Seen>();
  readonly #client: LeaseClient;
  readonly #index: number;
  #count = 0;

  constructor(client: LeaseClient, index: number) {
    this.#client = client;
    this.#index = index;
  }

  async run(kind: OperationKind, key: string): Promise<Operation> {
    const known = this.#known.get(key);
    // Without anything to base an update on, look first.
    const does = kind === 'update' && known === undefined ? 'get' : kind;
    const writes = does === 'create' || does === 'update' || does === 'patch' || does === 'dryRun';
    this.#count += 1;
    const token = writes ? `c${this.#index}-${this.#count}` : '';
    const callMs = performance.now();
    const outcome = await this.#perform(does, key, known, token);
    const isList = does === 'list' || does === 'cachedList';
    this.#learn(does, key, outcome);
    return {
      client: this.#index,
      kind: does,
      key: isList ? '' : key,
      token,
      basedOn: does === 'update' ? (known?.revision ?? 0) : 0,
      callMs,
      returnMs: performance.now(),
      outcome,
    };
  }

  #perform(kind: OperationKind, key: string, known: Seen | undefined, token: string): Promise<Outcome> {
    const client = this.#client;
    switch (kind) {
      case 'create':
        return client.create(key, token);
      case 'update':
        return known === undefined ? client.get(key) : client.update(known, token);
      case 'patch':
        return client.patch(key, token);
      case 'delete':
        return client.delete(key);
      case 'list':
        return client.list();
      case 'cachedList':
        return client.cachedList();
      case 'dryRun':
        return client.dryRun(key, token);
      case 'get':
        return client.get(key);
    }
  }

  #learn(kind: OperationKind, key: string, outcome: Outcome): void {
    if (kind === 'dryRun') return;
    if (outcome.kind === 'seen') this.#known.set(key, outcome.seen);
    if (outcome.kind === 'refused' && outcome.reason !== 'AlreadyExists') this.#known.delete(key);
  }
}

/** Lets all clients work at once until enough was done; what never left this process is not part of the result. */
export async function runWorkload(options: WorkloadOptions): Promise<readonly Operation[]> {
  const { clients, keys, operationCount, seed, onProgress } = options;
  const operations: Operation[] = [];
  let started = 0;
  const work = async (client: LeaseClient, index: number) => {
    const random = seededRandom(seed * 1_000 + index);
    const worker = new Worker(client, index);
    while (started < operationCount) {
      started += 1;
      const operation = await worker.run(chooseKind(random), choose(random, keys));
      if (operation.outcome.kind === 'unsent') {
        started -= 1;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      operations.push(operation);
      onProgress?.(operations.length);
      // As any client does: while nothing answers, operations would be spent on nothing.
      if (operation.outcome.kind === 'unknown') await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  await Promise.all(clients.map(work));
  return operations;
}
