import type { ApiObject, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { StatusCommit } from '../../crds/meta/status-commit.ts';
import { toApiError } from './api-error.ts';
import type {
  CallOptions,
  DeleteOptions,
  ListOptions,
  ObjectList,
  WatchOptions,
  WriteOptions,
} from './call-options.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import type { ObjectName } from './object-key.ts';
import { parseList, parseObject } from './parse-object.ts';
import { resourcePath } from './resource-path.ts';
import { type ApiRequest, createTransport, type Transport } from './transport.ts';
import { parseWatchStream, type WatchEvent } from './watch-stream.ts';

/**
 * Typed access to the API server; one instance a process. Every call rejects with ApiError when the server says
 * no, with ApiUnreachableError when there is no answer, and with the signal's reason when aborted. Calls are
 * never repeated here: a write without an answer may have been done, and only the caller knows how to look.
 */
export class ApiClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * @param options.userAgent names the program in the API server's log
   * @param options.impersonate a user as whom everything is done; the kubeconfig's own must be allowed to
   */
  static async fromKubeconfigFile(
    file: string,
    options: { userAgent?: string; impersonate?: string } = {},
  ): Promise<ApiClient> {
    const connection = await loadKubeconfig(file);
    if (options.impersonate === undefined) return new ApiClient(createTransport(connection, options));
    const headers = { ...connection.headers, 'impersonate-user': options.impersonate };
    return new ApiClient(createTransport({ ...connection, headers }, options));
  }

  async get<T extends ApiObject>(
    definition: ResourceAddress,
    name: ObjectName,
    options: CallOptions = {},
  ): Promise<Stored<T>> {
    return this.#object(definition, { method: 'GET', path: resourcePath(definition, name), ...options });
  }

  /** One page; see `listAll`. */
  async list<T extends ApiObject>(
    definition: ResourceAddress,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const request: ApiRequest = {
      method: 'GET',
      path: resourcePath(definition, { namespace: options.namespace }),
      query: {
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        limit: options.limit,
        continue: options.continueToken,
        resourceVersion: options.resourceVersion,
        resourceVersionMatch: options.resourceVersionMatch,
      },
      signal: options.signal,
      timeoutMs: options.timeoutMs,
      accept: options.accept,
    };
    return parseList<T>(definition, await this.#transport.send(request));
  }

  /** All pages, 500 objects at a time, from one revision. */
  async listAll<T extends ApiObject>(
    definition: ResourceAddress,
    options: ListOptions = {},
  ): Promise<ObjectList<T>> {
    const items: Stored<T>[] = [];
    let continueToken: string | undefined;
    for (;;) {
      const page: ObjectList<T> = await this.list<T>(definition, { limit: 500, ...options, continueToken });
      items.push(...page.items);
      continueToken = page.continueToken;
      if (continueToken === undefined) return { items, resourceVersion: page.resourceVersion, continueToken };
    }
  }

  /** `metadata.namespace` of the object says where. */
  async create<T extends ApiObject>(
    definition: ResourceAddress,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const path = resourcePath(definition, { namespace: object.metadata.namespace });
    return this.#object(definition, { method: 'POST', path, body: object, ...writeRequest(options) });
  }

  /** Replaces the object; with `metadata.resourceVersion` set only if nobody wrote since (409). */
  async update<T extends ApiObject>(
    definition: ResourceAddress,
    object: T,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<Stored<T>> {
    const { namespace, name = '' } = object.metadata;
    const path = resourcePath(definition, { namespace, name, subresource: options.subresource });
    return this.#object(definition, { method: 'PUT', path, body: object, ...writeRequest(options) });
  }

  /** Replaces the status alone. */
  async updateStatus<T extends ApiObject>(
    definition: ResourceAddress,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    return this.update(definition, object, { ...options, subresource: 'status' });
  }

  /** Replaces the status and writes the events that explain it in one transaction. Answers the updated object. */
  async commitStatus<T extends ApiObject>(
    definition: ResourceAddress,
    name: ObjectName,
    commit: StatusCommit,
    options: CallOptions = {},
  ): Promise<Stored<T>> {
    const path = resourcePath(definition, { ...name, subresource: 'commit' });
    return this.#object(definition, { method: 'POST', path, body: commit, ...options });
  }

  /** Asks for a UserVM in standby to run: all that `uservms/wake` can do. Answers the UserVM. */
  async wake<T extends ApiObject>(
    definition: ResourceAddress,
    name: ObjectName,
    options: CallOptions = {},
  ): Promise<Stored<T>> {
    const path = resourcePath(definition, { ...name, subresource: 'wake' });
    return this.#object(definition, { method: 'POST', path, body: {}, ...options });
  }

  /** RFC 7396 merge patch: `null` removes a field. */
  async patch<T extends ApiObject>(
    definition: ResourceAddress,
    name: ObjectName,
    mergePatch: Readonly<Record<string, unknown>>,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<Stored<T>> {
    return this.#object(definition, {
      method: 'PATCH',
      path: resourcePath(definition, { ...name, subresource: options.subresource }),
      body: mergePatch,
      contentType: 'application/merge-patch+json',
      ...writeRequest(options),
    });
  }

  /** Resolves when the server accepted it; an object with finalizers is still there then. */
  async delete(definition: ResourceAddress, name: ObjectName, options: DeleteOptions = {}): Promise<void> {
    const preconditions = {
      ...(options.uid === undefined ? {} : { uid: options.uid }),
      ...(options.resourceVersion === undefined ? {} : { resourceVersion: options.resourceVersion }),
    };
    await this.#transport.send({
      method: 'DELETE',
      path: resourcePath(definition, name),
      body: {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
        ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
      },
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }

  /**
   * Follows changes on a connection of its own, bookmarks included. Ends when the server ends the watch (they
   * all end some time); rejects when it is cut, and with ApiError code 410 when `resourceVersion` is too old.
   * Leaving the loop closes the connection. `Informer` adds what it takes to stay up to date.
   */
  async *watch<T extends ApiObject>(
    definition: ResourceAddress,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void> {
    const cancel = new AbortController();
    const signal =
      options.signal === undefined ? cancel.signal : AbortSignal.any([options.signal, cancel.signal]);
    const path = resourcePath(definition, { namespace: options.namespace });
    try {
      const chunks = await this.#transport.stream({
        method: 'GET',
        path,
        query: {
          watch: true,
          allowWatchBookmarks: true,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
          resourceVersion: options.resourceVersion,
          timeoutSeconds: options.timeoutSeconds,
        },
        signal,
        accept: options.accept,
      });
      for await (const { type, object } of parseWatchStream(chunks)) {
        if (type === 'ERROR') throw toApiError(`watch ${path}`, 500, object);
        const parsed = parseObject<T>(definition, object, type === 'BOOKMARK');
        if (type === 'BOOKMARK') {
          const isInitialEventsEnd = parsed.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
          yield { type, resourceVersion: parsed.metadata.resourceVersion, isInitialEventsEnd };
        } else yield { type, object: parsed };
      }
    } finally {
      cancel.abort();
    }
  }

  /** Any other path, e.g. discovery or logs: the parsed JSON (or text) of the answer. */
  async request(request: ApiRequest): Promise<unknown> {
    return this.#transport.send(request);
  }

  /** As `request`, and hands over the answer's bytes as they come: for logs. Leaving the loop ends it. */
  async stream(request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
    return this.#transport.stream(request);
  }

  /** Cuts all connections. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #object<T extends ApiObject>(definition: ResourceAddress, request: ApiRequest): Promise<Stored<T>> {
    return parseObject<T>(definition, await this.#transport.send(request));
  }
}

function writeRequest(options: WriteOptions): Pick<ApiRequest, 'query' | 'signal' | 'timeoutMs' | 'accept'> {
  return {
    query: {
      dryRun: options.dryRun === true ? 'All' : undefined,
      fieldValidation: options.fieldValidation,
      fieldManager: options.fieldManager,
    },
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    accept: options.accept,
  };
}
