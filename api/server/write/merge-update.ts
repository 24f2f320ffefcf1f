import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject, ObjectMeta } from '../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';

/** Fields of metadata that the server alone sets. */
const SYSTEM_FIELDS = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'creationTimestamp',
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const satisfies readonly (keyof ObjectMeta)[];

function mergeMetadata(current: ObjectMeta, proposed: unknown): ObjectMeta {
  const {
    resourceVersion: _,
    managedFields: __,
    ...sent
  } = (isRecord(proposed) ? proposed : {}) as ObjectMeta;
  const merged: Record<string, unknown> = { ...sent };
  for (const field of SYSTEM_FIELDS) {
    delete merged[field];
    if (current[field] !== undefined) merged[field] = current[field];
  }
  return merged;
}

/** Puts one field of `from` into `to`, or takes it away where `from` has none. */
function takeField(to: JsonRecord, field: 'spec' | 'status' | 'metadata', from: JsonRecord): void {
  if (from[field] === undefined) delete to[field];
  else to[field] = from[field];
}

/**
 * What an update may change, by the way it came: `/status` only the status, the object itself everything else,
 * a namespace's `/finalize` only spec.finalizers. A built-in's `/status` also takes labels and annotations, as
 * in Kubernetes. The managedFields are left out: they follow from the outcome.
 */
export function mergeUpdate(
  definition: ResourceInfo,
  subresource: string,
  current: ApiObject,
  proposed: JsonRecord,
): JsonRecord {
  const metadata = mergeMetadata(current.metadata, proposed.metadata);
  if (subresource === 'status' || subresource === 'finalize') {
    const result: JsonRecord = { ...current };
    takeField(result, subresource === 'status' ? 'status' : 'spec', proposed);
    const { resourceVersion: _, managedFields: __, ...kept } = current.metadata;
    result.metadata = definition.builtIn ? metadata : kept;
    return result;
  }
  const result: JsonRecord = { ...proposed, metadata };
  if (definition.hasStatus) takeField(result, 'status', current);
  // A namespace's own finalizers change only through /finalize.
  if (definition.group === '' && definition.kind === 'Namespace') takeField(result, 'spec', current);
  return result;
}
