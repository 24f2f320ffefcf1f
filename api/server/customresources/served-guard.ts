import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import type { Guard } from '../../storage/guaranteed-update.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { methodNotSupported, pathNotFound } from '../http/errors.ts';
import type { Resource } from '../http/resource.ts';
import { crdKey } from './crd-object.ts';

/**
 * Lets a custom object be created only while its definition is there and not being deleted. The definition's
 * revision is part of the transaction, so that no object is left behind by the deletion of its kind.
 */
export class ServedGuard {
  readonly #resource: Resource;
  readonly #key: string;
  #known: StoredObject | undefined;

  constructor(context: ServerContext, resource: Resource, crdName: string) {
    this.#resource = resource;
    this.#key = crdKey(crdName);
    this.#known = context.cache.get(this.#key);
  }

  /** @throws StatusError 404 without the definition, 405 while it is being deleted */
  guard(): Guard {
    if (this.#known === undefined) throw pathNotFound();
    const crd = this.#known.object as CustomResourceDefinition;
    if (crd.metadata.deletionTimestamp !== undefined)
      throw methodNotSupported(this.#resource.definition, 'create');
    return {
      key: this.#key,
      modRevision: this.#known.modRevision,
      onMismatch: (current) => {
        this.#known = current && new StoredObject(current.key, current.value, current.modRevision);
        return undefined;
      },
    };
  }
}
