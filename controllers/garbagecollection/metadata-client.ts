import type {
  ApiClient,
  CallOptions,
  DeleteOptions,
  ListOptions,
  ObjectName,
} from '../../api/client/index.ts';
import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';

const ONE = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const MANY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Objects of a list that are held whole at once. */
const PAGE_OBJECTS = 500;

/**
 * Objects of any kind, as far as ownership goes: who they are, who owns them, and how their deletion stands. What
 * else there is of them is neither asked for nor kept, so that an object costs the same whatever it holds.
 */
export class MetadataClient {
  readonly #client: Pick<ApiClient, 'get' | 'list' | 'watch' | 'patch' | 'delete'>;

  constructor(client: Pick<ApiClient, 'get' | 'list' | 'watch' | 'patch' | 'delete'>) {
    this.#client = client;
  }

  /** @throws ApiError, ApiUnreachableError */
  async get(
    resource: ResourceAddress,
    name: ObjectName,
    options: CallOptions = {},
  ): Promise<Stored<ApiObject>> {
    return ownershipOf(await this.#client.get(resource, name, { ...options, accept: ONE }));
  }

  /** All pages, from one revision. @throws ApiError, ApiUnreachableError */
  async listAll(resource: ResourceAddress, options: ListOptions = {}): Promise<never> {
    const items: Stored<ApiObject>[] = [];
    let continueToken: string | undefined;
    for (;;) {
      const asked = { ...options, limit: PAGE_OBJECTS, continueToken, accept: MANY };
      const page = await this.#client.list(resource, asked);
      for (const object of page.items) items.push(ownershipOf(object));
      continueToken = page.continueToken;
      if (continueToken === undefined) return { ...page, items } as never;
    }
  }

  /** As ApiClient's. @throws ApiError, ApiUnreachableError */
  async *watch(
    resource: ResourceAddress,
    options: Parameters<ApiClient['watch']>[1] = {},
  ): AsyncGenerator<never, void> {
    for await (const event of this.#client.watch(resource, { ...options, accept: ONE })) {
      yield (event.type === 'BOOKMARK' ? event : { ...event, object: ownershipOf(event.object) }) as never;
    }
  }

  /** Merges into `metadata`. @throws ApiError, ApiUnreachableError */
  async patch(
    resource: ResourceAddress,
    name: ObjectName,
    metadata: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
  ): Promise<Stored<ApiObject>> {
    const { signal } = options;
    return ownershipOf(await this.#client.patch(resource, name, { metadata }, { signal, accept: ONE }));
  }

  /** @throws ApiError, ApiUnreachableError */
  async delete(resource: ResourceAddress, name: ObjectName, options: DeleteOptions): Promise<void> {
    await this.#client.delete(resource, name, options);
  }
}

function ownershipOf({ apiVersion, kind, metadata }: Stored<ApiObject>): Stored<ApiObject> {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, finalizers, ownerReferences } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      ...{ name, uid, resourceVersion },
      ...(namespace === undefined ? {} : { namespace }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}
