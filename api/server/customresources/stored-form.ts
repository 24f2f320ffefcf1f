import type { ApiObject } from '../../../crds/meta/meta.ts';
import { encodeObject, StoredObject } from '../../storage/stored-object.ts';
import type { CompiledSchema } from '../schema/structural.ts';

/** How the objects of a resource are stored, and how they look when they are read. */
export interface StoredForm {
  /** The object as a client of this version sees it; the very same where it is stored so. */
  readonly view: (stored: StoredObject) => StoredObject;
  /** The bytes for etcd. */
  readonly encode: (object: ApiObject) => Buffer;
  /** Whether the bytes are what a write would store: of the version that objects are stored in. */
  readonly isCurrent: (stored: StoredObject) => boolean;
}

/** Built-in kinds have one version and no schema that changes. */
export const PLAIN_FORM: StoredForm = {
  view: (stored) => stored,
  encode: encodeObject,
  isCurrent: () => true,
};

export interface CustomFormOptions {
  readonly apiVersion: string;
  /** apiVersion of what is stored. */
  readonly storageApiVersion: string;
  readonly schema: CompiledSchema;
  /** Whether everything stored has passed this very schema: the definition never changed and has one version. */
  readonly isUnchanged: boolean;
}

/**
 * Custom objects are pruned and defaulted again when they are read, for the schema may have changed since; and they
 * are told in the version that was asked for. Each revision of an object is looked at once.
 */
export function customForm(options: CustomFormOptions): StoredForm {
  const { apiVersion, storageApiVersion, schema, isUnchanged } = options;
  const views = new WeakMap<StoredObject, StoredObject>();
  const make = (stored: StoredObject): StoredObject => {
    const object: ApiObject = JSON.parse(stored.bytes.toString());
    const bytes = encodeObject(schema.read({ ...object, apiVersion }) as ApiObject);
    return bytes.equals(stored.bytes) ? stored : new StoredObject(stored.key, bytes, stored.modRevision);
  };
  const view = (stored: StoredObject): StoredObject => {
    const known = views.get(stored);
    if (known !== undefined) return known;
    const made = make(stored);
    views.set(stored, made);
    return made;
  };
  return {
    view: isUnchanged ? PLAIN_FORM.view : view,
    encode: (object) => encodeObject({ ...object, apiVersion: storageApiVersion }),
    isCurrent: (stored) => isUnchanged || stored.object.apiVersion === storageApiVersion,
  };
}
