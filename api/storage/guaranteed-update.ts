import type { EtcdKv, KeyValue, Operation } from './etcd/kv.ts';
import { StorageError } from './storage-error.ts';
import { StoredObject } from './stored-object.ts';

/** A key besides the object's own that must stand as the plan saw it. */
export interface Guard {
  readonly key: string;
  /** 0: must not exist. */
  readonly modRevision: number;
  /** The error to give up with; undefined: plan again. Asked only when the guard did not hold. */
  readonly onMismatch: (current: KeyValue | undefined) => Error | undefined;
}

/** What to do to the object, and with it in the same transaction. */
export type WritePlan =
  | { readonly action: 'none' }
  | {
      readonly action: 'put';
      readonly value: Buffer;
      readonly guards?: readonly Guard[];
      readonly also?: readonly Operation[];
    }
  | { readonly action: 'delete'; readonly guards?: readonly Guard[]; readonly also?: readonly Operation[] };

export interface GuaranteedUpdateOptions {
  readonly kv: EtcdKv;
  readonly key: string;
  /** A perhaps stale copy to try first, which saves the read; undefined: read first. */
  readonly cached: StoredObject | undefined;
  /**
   * Decides from the current object (undefined: there is none). Runs again when somebody else wrote in between.
   * What it throws ends the update, unless it was thrown for a stale copy.
   */
  readonly plan: (current: StoredObject | undefined) => Promise<WritePlan> | WritePlan;
  /** The object is known to be new: plan for "there is none" without a read. */
  readonly assumeAbsent?: boolean;
  /** Asked after each attempt that was overtaken: how many there may be. Default: 20. */
  readonly attemptsMax?: () => number | undefined;
}

export interface UpdateResult {
  readonly action: WritePlan['action'];
  /** The object after the write; what was there last, at the revision of its deletion, after a delete. */
  readonly stored: StoredObject | undefined;
  /** Revision of the write, or of what was found when nothing was to be done. */
  readonly revision: number;
}

/** Losing this many races in a row means that the key is hot beyond reason. */
const ATTEMPTS_MAX = 20;

interface Attempt {
  readonly current: StoredObject | undefined;
  /** False while `current` may be stale. */
  readonly fresh: boolean;
}

async function readFresh(kv: EtcdKv, key: string): Promise<Attempt> {
  const item = (await kv.range({ key })).items[0];
  return { current: fromKeyValue(item), fresh: true };
}

function fromKeyValue(item: KeyValue | undefined): StoredObject | undefined {
  return item === undefined ? undefined : new StoredObject(item.key, item.value, item.modRevision);
}

/** The plan for a copy that may be stale; undefined where only the newest state can tell. */
async function planOptimistically(
  options: GuaranteedUpdateOptions,
  attempt: Attempt,
): Promise<WritePlan | undefined> {
  if (attempt.fresh) return options.plan(attempt.current);
  try {
    const plan = await options.plan(attempt.current);
    return plan.action === 'none' ? undefined : plan;
  } catch {
    return undefined;
  }
}

function operationsOf(key: string, plan: Exclude<WritePlan, { action: 'none' }>): Operation[] {
  const own: Operation = plan.action === 'put' ? { put: key, value: plan.value } : { delete: key };
  return [own, ...(plan.also ?? [])];
}

/** Throws for a guard that failed for good; returns for "plan again". */
function checkGuards(guards: readonly Guard[], observed: ReadonlyMap<string, KeyValue | undefined>): void {
  for (const guard of guards) {
    const current = observed.get(guard.key);
    if ((current?.modRevision ?? 0) === guard.modRevision) continue;
    const error = guard.onMismatch(current);
    if (error !== undefined) throw error;
  }
}

function resultOf(
  key: string,
  plan: Exclude<WritePlan, { action: 'none' }>,
  current: StoredObject | undefined,
  revision: number,
): UpdateResult {
  const bytes = plan.action === 'put' ? plan.value : current?.bytes;
  return {
    action: plan.action,
    stored: bytes === undefined ? undefined : new StoredObject(key, bytes, revision),
    revision,
  };
}

/**
 * Read-modify-write of one object under compare-and-swap: one transaction when the cached copy is current, and
 * one more for each writer that came in between.
 * @throws StorageError, and whatever `plan` and the guards throw for the newest state
 */
export async function guaranteedUpdate(options: GuaranteedUpdateOptions): Promise<UpdateResult> {
  const { kv, key, cached } = options;
  let attempt: Attempt =
    cached !== undefined || options.assumeAbsent === true
      ? { current: cached, fresh: false }
      : await readFresh(kv, key);
  const attemptsMax = () => options.attemptsMax?.() ?? ATTEMPTS_MAX;
  for (let count = 0; count < attemptsMax(); count += 1) {
    const { current } = attempt;
    const plan = await planOptimistically(options, attempt);
    if (plan === undefined) {
      attempt = await readFresh(kv, key);
      continue;
    }
    if (plan.action === 'none')
      return { action: 'none', stored: current, revision: current?.modRevision ?? 0 };
    const guards = plan.guards ?? [];
    const expected = { key, modRevision: current?.modRevision ?? 0 };
    const result = await kv.txn({
      compare: [expected, ...guards.map((guard) => ({ key: guard.key, modRevision: guard.modRevision }))],
      success: operationsOf(key, plan),
    });
    if (result.succeeded) return resultOf(key, plan, current, result.revision);
    const newest = fromKeyValue(result.observed.get(key));
    if ((newest?.modRevision ?? 0) === expected.modRevision) checkGuards(guards, result.observed);
    attempt = { current: newest, fresh: true };
  }
  throw new StorageError(
    'contention',
    `${key}: ${attemptsMax()} attempts were all overtaken by other writers`,
  );
}
