import type { Namespace } from '../../../crds/namespace/definition.ts';
import { namespaceDefinition } from '../../../crds/namespace/definition.ts';
import type { Operation } from '../../storage/etcd/kv.ts';
import type { Guard } from '../../storage/guaranteed-update.ts';
import { objectKey } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { forbidden, notFound } from '../http/errors.ts';
import type { Resource } from '../http/resource.ts';

/**
 * Lets a create happen only in a namespace that is there and not terminating. The namespace's revision is part
 * of the transaction, so nothing can be created in it behind the back of its deletion.
 */
export class NamespaceGuard {
  readonly #context: ServerContext;
  readonly #resource: Resource;
  readonly #namespace: string;
  readonly #name: string;
  readonly #key: string;
  #known: StoredObject | undefined;

  constructor(context: ServerContext, resource: Resource, namespace: string, name: string) {
    this.#context = context;
    this.#resource = resource;
    this.#namespace = namespace;
    this.#name = name;
    this.#key = objectKey(namespaceDefinition, undefined, namespace);
    this.#known = context.cache.get(this.#key);
  }

  /** The namespace, as far as it is known. */
  get namespace(): Namespace | undefined {
    return this.#known?.object as Namespace | undefined;
  }

  /** @throws StatusError 404 without the namespace, 403 while it terminates */
  async guard(): Promise<Guard> {
    this.#known ??= await this.#read();
    this.#check();
    return this.#guardKnown();
  }

  /** The same for a change of what is there already, which may be while the namespace terminates. */
  async guardUnchecked(): Promise<Guard> {
    this.#known ??= await this.#read();
    return this.#guardKnown();
  }

  /** Writes the namespace again as it is, so that all that is guarded by it is planned anew. */
  touch(): readonly Operation[] {
    return this.#known === undefined ? [] : [{ put: this.#key, value: this.#known.bytes }];
  }

  #guardKnown(): Guard {
    return {
      key: this.#key,
      modRevision: this.#known?.modRevision ?? 0,
      onMismatch: (current) => {
        this.#known = current && new StoredObject(current.key, current.value, current.modRevision);
        return undefined;
      },
    };
  }

  async #read(): Promise<StoredObject | undefined> {
    const item = (await this.#context.kv.range({ key: this.#key })).items[0];
    return item && new StoredObject(item.key, item.value, item.modRevision);
  }

  #check(): void {
    if (this.#known === undefined) throw notFound(namespaceDefinition, this.#namespace);
    const { metadata, status } = this.#known.object as Namespace;
    if (metadata.deletionTimestamp === undefined && status?.phase !== 'Terminating') return;
    throw forbidden(
      this.#resource.definition,
      this.#name,
      `unable to create new content in namespace ${this.#namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${this.#namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    );
  }
}
