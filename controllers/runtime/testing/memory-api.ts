import { ApiError, keyOf, type ObjectName, type WatchEvent } from '../../../api/client/index.ts';
import type { ApiObject, Stored } from '../../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { settle } from './test-clock.ts';

interface KindStore {
  readonly objects: Map<string, Stored<ApiObject>>;
  readonly watchers: Set<(event: WatchEvent<ApiObject>) => void>;
}

/**
 * A fake API server in memory, as far as garbage collection needs one: identity, deletion with finalizers and
 * propagation policies, preconditions, metadata patches, watches. Deletes are logged.
 */
export class MemoryApi {
  readonly log: string[] = [];
  #revision = 0;
  readonly #kinds = new Map<string, KindStore>();

  /** Adds an object with a fresh UID. */
  async add(definition: ResourceDefinition, object: ApiObject): Promise<Stored<ApiObject>> {
    this.#revision += 1;
    const metadata = { ...object.metadata, name: object.metadata.name ?? '', uid: `uid-${this.#revision}` };
    return this.#put(definition, { ...object, metadata: { ...metadata, resourceVersion: '' } });
  }

  names(definition: ResourceDefinition): string[] {
    return [...this.#kind(definition).objects.values()].map(({ metadata }) => metadata.name).sort();
  }

  async get(definition: ResourceDefinition, name: ObjectName): Promise<never> {
    return this.#find(definition, name) as never;
  }

  async listAll(definition: ResourceDefinition): Promise<never> {
    const items = [...this.#kind(definition).objects.values()];
    return { items: structuredClone(items), resourceVersion: String(this.#revision) } as never;
  }

  async *watch(
    definition: ResourceDefinition,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<never> {
    const queue: WatchEvent<ApiObject>[] = [];
    let wake = () => {};
    const watcher = (event: WatchEvent<ApiObject>) => {
      queue.push(structuredClone(event));
      wake();
    };
    const { watchers } = this.#kind(definition);
    watchers.add(watcher);
    options.signal?.addEventListener('abort', () => wake());
    try {
      while (options.signal?.aborted !== true) {
        for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event as never;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      watchers.delete(watcher);
    }
  }

  async patch(
    definition: ResourceDefinition,
    name: ObjectName,
    patch: Readonly<Record<string, unknown>>,
  ): Promise<never> {
    const object = this.#find(definition, name);
    const { uid, resourceVersion, ...fields } = patch.metadata as Record<string, unknown>;
    this.#check(object, { uid, resourceVersion });
    const metadata = Object.fromEntries(
      Object.entries({ ...object.metadata, ...fields }).filter(([, value]) => value !== null),
    ) as typeof object.metadata;
    return (await this.#put(definition, { ...object, metadata })) as never;
  }

  async delete(
    definition: ResourceDefinition,
    name: ObjectName,
    options: {
      uid?: string | undefined;
      resourceVersion?: string | undefined;
      propagationPolicy?: string | undefined;
    } = {},
  ): Promise<void> {
    const object = this.#find(definition, name);
    this.#check(object, options);
    const policy = options.propagationPolicy ?? 'Background';
    this.log.push(`${policy} ${name.name}`);
    const added = policy === 'Foreground' ? ['foregroundDeletion'] : policy === 'Orphan' ? ['orphan'] : [];
    const finalizers = [...(object.metadata.finalizers ?? []), ...added];
    await this.#put(definition, {
      ...object,
      metadata: { ...object.metadata, finalizers, deletionTimestamp: 'now' },
    });
  }

  async #put(definition: ResourceDefinition, object: Stored<ApiObject>): Promise<Stored<ApiObject>> {
    this.#revision += 1;
    const { objects, watchers } = this.#kind(definition);
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
    const key = keyOf(stored);
    const isGone =
      stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0;
    const type = isGone ? 'DELETED' : objects.has(key) ? 'MODIFIED' : 'ADDED';
    if (isGone) objects.delete(key);
    else objects.set(key, stored);
    for (const watcher of watchers) watcher({ type, object: stored });
    await settle();
    return structuredClone(stored);
  }

  #find(definition: ResourceDefinition, name: ObjectName): Stored<ApiObject> {
    const key = keyOf({
      apiVersion: '',
      kind: '',
      metadata: { namespace: name.namespace ?? '', name: name.name },
    });
    const object = this.#kind(definition).objects.get(key);
    if (object === undefined)
      throw new ApiError(`${definition.kind} ${key}`, { code: 404, reason: 'NotFound' });
    return structuredClone(object);
  }

  #check(object: Stored<ApiObject>, preconditions: { uid?: unknown; resourceVersion?: unknown }): void {
    const { uid, resourceVersion } = preconditions;
    const isMet =
      (uid === undefined || uid === object.metadata.uid) &&
      (resourceVersion === undefined || resourceVersion === object.metadata.resourceVersion);
    if (!isMet) throw new ApiError(object.metadata.name, { code: 409, reason: 'Conflict' });
  }

  #kind(definition: ResourceDefinition): KindStore {
    const known = this.#kinds.get(definition.plural) ?? { objects: new Map(), watchers: new Set() };
    this.#kinds.set(definition.plural, known);
    return known;
  }
}
