import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ScalePaths } from '../../../crds/meta/resource-definition.ts';
import { badRequest, internalError, invalid } from '../http/errors.ts';
import type { Resource } from '../http/resource.ts';

function namesOf(path: string): string[] {
  return path.split('.').filter((name) => name !== '');
}

function valueAt(object: unknown, path: string): unknown {
  return namesOf(path).reduce<unknown>((found, name) => (isRecord(found) ? found[name] : undefined), object);
}

/** A copy with the value at a path; objects on the way are made where they are absent. */
function withValueAt(
  object: JsonRecord,
  [name = '', ...more]: readonly string[],
  value: unknown,
): JsonRecord {
  const child = object[name];
  return {
    ...object,
    [name]: more.length === 0 ? value : withValueAt(isRecord(child) ? child : {}, more, value),
  };
}

/**
 * The autoscaling/v1 Scale of a custom object.
 * Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/etcd.go
 * @param unset how many an object wants that does not say it
 * @throws StatusError 500 for an object that does not say it, where `unset` does not either
 */
export function scaleOf(paths: ScalePaths, object: ApiObject, unset?: number): ApiObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = valueAt(object, paths.specReplicasPath) ?? unset;
  if (typeof replicas !== 'number')
    throw internalError(`the spec replicas field ${JSON.stringify(paths.specReplicasPath)} does not exist`);
  const observed = valueAt(object, paths.statusReplicasPath);
  const selector =
    paths.labelSelectorPath === undefined ? undefined : valueAt(object, paths.labelSelectorPath);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: JSON.parse(JSON.stringify({ name, namespace, uid, resourceVersion, creationTimestamp })),
    spec: { replicas },
    status: {
      replicas: typeof observed === 'number' ? observed : 0,
      ...(typeof selector === 'string' && selector !== '' && { selector }),
    },
  };
}

/**
 * The custom object as a Scale wants it; a revision or UID in the Scale is a precondition.
 * @throws StatusError 400 for what is no Scale, 422 for a number that cannot be
 */
export function withScale(
  { definition }: Resource,
  paths: ScalePaths,
  object: ApiObject,
  scale: JsonRecord,
): JsonRecord {
  const { spec, metadata, kind } = scale;
  if (kind !== 'Scale') throw badRequest(`expected a Scale of autoscaling/v1, got ${JSON.stringify(kind)}`);
  const name = object.metadata.name ?? '';
  const sent = isRecord(metadata) ? metadata : {};
  if (typeof sent.name === 'string' && sent.name !== '' && sent.name !== name)
    throw badRequest(`the name of the object (${sent.name}) does not match the name on the URL (${name})`);
  const replicas = isRecord(spec) ? (spec.replicas ?? 0) : 0;
  if (typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas < 0 || replicas >= 2 ** 31) {
    throw invalid(definition, name, [
      {
        field: 'spec.replicas',
        type: 'FieldValueInvalid',
        value: replicas,
        detail: 'should be a non-negative integer',
      },
    ]);
  }
  const changed = withValueAt(object, namesOf(paths.specReplicasPath), replicas);
  const { uid, resourceVersion } = sent;
  return {
    ...changed,
    metadata: {
      ...object.metadata,
      ...(typeof uid === 'string' && uid !== '' && { uid }),
      ...(typeof resourceVersion === 'string' && resourceVersion !== '' && { resourceVersion }),
    },
  };
}
