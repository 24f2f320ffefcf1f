import type { ApiObject } from '../../../crds/meta/meta.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../../../crds/resourcequota/definition.ts';
import type { Amounts } from '../../../crds/resourcequota/resource-list.ts';
import { amountNames, amountTaken } from '../../../crds/resourcequota/tracked-resources.ts';
import type { KeyValue, Operation } from '../../storage/etcd/kv.ts';
import type { Guard } from '../../storage/guaranteed-update.ts';
import { listPrefix, resourcePrefix } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import { forbidden, serviceUnavailable } from '../http/errors.ts';
import { isCacheCurrent } from '../read/cache-currency.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { countUsage } from './count-usage.ts';
import { encodeStatus } from './encode-status.ts';
import { exceedance, type Requested, requestedOf, sumOf, usedOf } from './quota-charge.ts';
import { QUOTA_ATTEMPTS_MAX, type QuotaTurn } from './quota-turns.ts';

/** What the quotas of a namespace add to the transaction of a write. */
export interface QuotaWrites {
  readonly guards: readonly Guard[];
  readonly also: readonly Operation[];
}

const NOTHING: QuotaWrites = { guards: [], also: [] };

/** The watch is some milliseconds behind; a quota that is not known by then is not known at all. */
const CATCH_UP_MS = 2_000;

/** A quota and what it will be. */
interface Charge {
  readonly stored: StoredObject;
  readonly value: Buffer;
}

/**
 * Charges one write to the quotas of its namespace. The used amounts are raised in the transaction of the write, which
 * compares the revision of each quota that limits it, and that of the namespace: whoever makes a quota, or changes
 * what it limits, writes the namespace again. So no write is missed by a quota, however many are under way, here and
 * in other servers.
 */
export class WriteQuotas implements Disposable {
  readonly #request: WriteRequest;
  readonly #namespace: string;
  #taken: Promise<QuotaTurn> | undefined;
  #turn: QuotaTurn | undefined;
  #charges: readonly Charge[] = [];

  constructor(request: WriteRequest) {
    this.#request = request;
    this.#namespace = request.namespace ?? '';
  }

  /**
   * What the creation of an object takes.
   * @param namespaceRevision the namespace's, as the transaction compares it
   * @throws StatusError 403 where a quota is exceeded, 429 and 503 where to try again helps
   */
  planCreate(object: ApiObject, namespaceRevision: number): Promise<QuotaWrites> {
    const { definition } = this.#request.resource;
    return this.#plan((name) => amountTaken(name, definition, object), namespaceRevision);
  }

  /** Whether a change takes more of anything that a quota may limit, be there one or not. */
  raises(before: ApiObject, after: ApiObject): boolean {
    const raised = this.#raisedBy(before, after);
    return amountNames(this.#request.resource.definition).some((name) => !raised(name).isZero);
  }

  /** What a change takes more than before; what it takes less is given back when usage is next counted. */
  planUpdate(before: ApiObject, after: ApiObject, namespaceRevision: number): Promise<QuotaWrites> {
    return this.#plan(this.#raisedBy(before, after), namespaceRevision);
  }

  /** How often the write may be overtaken by others; undefined while it is charged to nothing. */
  get attemptsMax(): number | undefined {
    return this.#turn === undefined ? undefined : QUOTA_ATTEMPTS_MAX;
  }

  /** The transaction was carried out: who is next in turn begins from there. */
  committed(revision: number): void {
    for (const { stored, value } of this.#charges) {
      const { key } = stored;
      this.#turn?.seen.set(key, { modRevision: revision, stored: new StoredObject(key, value, revision) });
    }
  }

  [Symbol.dispose](): void {
    this.#turn?.release();
  }

  #raisedBy(before: ApiObject, after: ApiObject): Requested {
    const { definition } = this.#request.resource;
    return (name) => amountTaken(name, definition, after).excessOver(amountTaken(name, definition, before));
  }

  async #plan(requested: Requested, namespaceRevision: number): Promise<QuotaWrites> {
    this.#charges = [];
    await this.#awaitCache(namespaceRevision);
    if (this.#limiting(requested).length === 0) return NOTHING;
    // Who was turned away once is not put into the line again by another attempt.
    this.#taken ??= this.#request.context.quotaTurns.take(this.#namespace);
    this.#turn = await this.#taken;
    const charges: Charge[] = [];
    for (const stored of this.#limiting(requested)) charges.push(await this.#charge(stored, requested));
    this.#charges = charges;
    return {
      guards: charges.map(({ stored }) => this.#guard(stored)),
      also: charges.map(({ stored, value }) => ({ put: stored.key, value })),
    };
  }

  /** Memory of that revision has every quota that was there when the namespace was written. */
  async #awaitCache(revision: number): Promise<void> {
    const { cache } = this.#request.context;
    if (cache.revision >= revision || (await cache.whenAt(revision, CATCH_UP_MS))) return;
    throw serviceUnavailable(`the quotas of namespace ${this.#namespace} are not known yet: try again`);
  }

  /** The quotas, as they are newest known, that limit something of what is asked for; in the order of their names. */
  #limiting(requested: Requested): StoredObject[] {
    const window = this.#request.context.cache.window(resourcePrefix(resourceQuotaDefinition));
    const found: StoredObject[] = [];
    for (const cached of window.objects(listPrefix(resourceQuotaDefinition, this.#namespace))) {
      const seen = this.#turn?.seen.get(cached.key);
      const newest = seen !== undefined && seen.modRevision >= cached.modRevision ? seen.stored : cached;
      if (newest === undefined) continue;
      if (requestedOf(newest.object as ResourceQuota, requested).size > 0) found.push(newest);
    }
    return found;
  }

  #guard({ key, modRevision }: StoredObject): Guard {
    return {
      key,
      modRevision,
      onMismatch: (current: KeyValue | undefined) => {
        const seen =
          current === undefined
            ? { modRevision, stored: undefined }
            : {
                modRevision: current.modRevision,
                stored: new StoredObject(key, current.value, current.modRevision),
              };
        this.#turn?.seen.set(key, seen);
        return undefined;
      },
    };
  }

  async #charge(stored: StoredObject, requested: Requested): Promise<Charge> {
    const quota = stored.object as ResourceQuota;
    const asked = requestedOf(quota, requested);
    let used = usedOf(quota);
    const unknown = [...asked.keys()].filter((name) => !used.has(name));
    if (unknown.length > 0) used = await this.#countKnown(stored, unknown);
    if (exceedance(quota, used, asked) !== undefined) used = (await this.#countNewest(stored)) ?? used;
    const why = exceedance(quota, used, asked);
    if (why !== undefined) throw forbidden(this.#request.resource.definition, this.#request.name, why);
    return { stored, value: encodeStatus(this.#request.context, stored, sumOf(used, asked)) };
  }

  /** The usage that a quota does not know yet: what was written before the quota says so is in memory. */
  async #countKnown(stored: StoredObject, unknown: readonly string[]): Promise<Amounts> {
    const { cache } = this.#request.context;
    if (!(await cache.whenAt(stored.modRevision, CATCH_UP_MS))) {
      const { name } = stored.object.metadata;
      const names = unknown.toSorted().join(',');
      throw serviceUnavailable(`status unknown for quota: ${name}, resources: ${names}: try again`);
    }
    return this.#count(stored);
  }

  /** Usage with all deletions that were acknowledged by now; undefined where memory is behind the quota. */
  async #countNewest(stored: StoredObject): Promise<Amounts | undefined> {
    const { context } = this.#request;
    await isCacheCurrent(context);
    return context.cache.revision >= stored.modRevision ? this.#count(stored) : undefined;
  }

  #count(stored: StoredObject): Amounts {
    const { spec } = stored.object as ResourceQuota;
    return countUsage(this.#request.context, this.#namespace, Object.keys(spec?.hard ?? {}));
  }
}
