import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { HOLT_GROUP } from '../../../crds/meta/resource-definition.ts';
import { type UserVm, userVmDefinition } from '../../../crds/uservm/definition.ts';
import { objectKey } from '../../storage/keys.ts';
import { invalid } from '../http/errors.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * A VolumeSnapshot is as large as the volume that it is of: without that it would count nothing in a quota. Filled in
 * where it is created, from the UserVM that is there then; other objects are returned as they are.
 * @throws StatusError 422 where there is no such UserVM
 */
export function withSnapshotSize(request: WriteRequest, object: JsonRecord): JsonRecord {
  const { resource, context, namespace = '', name } = request;
  const { definition } = resource;
  if (definition.group !== HOLT_GROUP || definition.kind !== 'VolumeSnapshot') return object;
  const spec = isRecord(object.spec) ? object.spec : {};
  const source = isRecord(spec.source) ? spec.source : {};
  // What is not of the kind's form is left to its validation, which says so.
  if (spec.size !== undefined || typeof source.userVMName !== 'string') return object;
  const found = context.cache.get(objectKey(userVmDefinition, namespace, source.userVMName));
  if (found === undefined) {
    const field = 'spec.source.userVMName';
    throw invalid(definition, name, [
      { field, type: 'FieldValueNotFound', value: source.userVMName, detail: '' },
    ]);
  }
  return { ...object, spec: { ...spec, size: (found.object as unknown as UserVm).spec.dataVolume.size } };
}
