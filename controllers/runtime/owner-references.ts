import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';

export interface OwnerReferenceOptions {
  /** The one owner that manages the dependent; default true. */
  readonly controller?: boolean;
  /** A foreground deletion of the owner waits for this dependent; default true. */
  readonly blockOwnerDeletion?: boolean;
}

/** The reference that makes an object go when its owner went. Owner and dependent share a namespace. */
export function ownerReferenceTo(
  owner: Stored<ApiObject>,
  options: OwnerReferenceOptions = {},
): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: options.controller ?? true,
    blockOwnerDeletion: options.blockOwnerDeletion ?? true,
  };
}

/** The reference of the managing owner, if there is one. */
export function controllerOf(object: ApiObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}
