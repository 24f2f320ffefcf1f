import { isDeepStrictEqual } from 'node:util';
import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { WriteRequest } from '../write/write-request.ts';
import { CLEANUP_FINALIZER, withCondition } from './crd-object.ts';
import { checkOwnChange } from './protect-own.ts';

/**
 * Fills in what a definition leaves out: names that follow from the kind, and that objects need no conversion.
 * Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go
 */
export function defaultCrd(object: JsonRecord): JsonRecord {
  const { spec } = object;
  if (!isRecord(spec) || !isRecord(spec.names)) return object;
  const { kind, singular, listKind } = spec.names;
  const names = { ...spec.names };
  if (typeof kind === 'string' && kind !== '') {
    if (singular === undefined || singular === '') names.singular = kind.toLowerCase();
    if (listKind === undefined || listKind === '') names.listKind = `${kind}List`;
  }
  const conversion = spec.conversion ?? { strategy: 'None' };
  return { ...object, spec: { ...spec, names, conversion } };
}

/**
 * What the server sets on a definition that was found valid: the versions that objects were stored in, the generation.
 * @throws StatusError 403 for another spec of a definition that Holt lives by
 */
export function finishCrd(request: WriteRequest, object: ApiObject, previous: ApiObject | undefined): void {
  checkOwnChange(request, object, previous);
  const crd = object as CustomResourceDefinition;
  if (request.subresource === '') noteStoredVersion(crd);
  countGeneration(crd, previous as CustomResourceDefinition | undefined);
}

/** Notes the version that objects are stored in from now on. */
function noteStoredVersion(object: CustomResourceDefinition): void {
  const storage = object.spec.versions.find((version) => version.storage)?.name;
  const known = object.status?.storedVersions ?? [];
  if (storage === undefined || known.includes(storage)) return;
  object.status = { ...object.status, storedVersions: [...known, storage] };
}

/** A change of the spec is a new generation. */
function countGeneration(
  object: CustomResourceDefinition,
  previous: CustomResourceDefinition | undefined,
): void {
  const generation = previous?.metadata.generation ?? (previous === undefined ? 0 : 1);
  const changed = previous === undefined || !isDeepStrictEqual(previous.spec, object.spec);
  object.metadata.generation = changed ? generation + 1 : generation;
}

/**
 * A definition whose deletion begins: it stays until its objects are gone.
 * Source: k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition/etcd.go
 */
export function markedCrd(crd: CustomResourceDefinition): ApiObject {
  const { finalizers = [], deletionTimestamp = '' } = crd.metadata;
  const pending = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
  return {
    ...crd,
    metadata: {
      ...crd.metadata,
      finalizers: finalizers.includes(CLEANUP_FINALIZER) ? finalizers : [...finalizers, CLEANUP_FINALIZER],
    },
    status: {
      ...crd.status,
      conditions: withCondition(crd.status?.conditions ?? [], pending, deletionTimestamp),
    },
  };
}
