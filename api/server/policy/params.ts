import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { apiVersionOf } from '../../../crds/meta/resource-definition.ts';
import type { PolicySpec } from '../../../crds/validatingadmissionpolicy/definition.ts';
import type { ParamRef } from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import type { RegistryCache } from '../../storage/cache/registry-cache.ts';
import { listPrefix, objectKey } from '../../storage/keys.ts';
import type { Resource, ResourceCatalog } from '../http/resource.ts';
import { selectsLabels } from '../selectors/object-selector.ts';

export interface ParamSource {
  readonly cache: RegistryCache;
  readonly catalog: ResourceCatalog;
}

type ParamKind = NonNullable<PolicySpec['paramKind']>;

/** A policy that cannot be asked as it is set up. */
export class PolicySetupError extends Error {
  override readonly name = 'PolicySetupError';
}

/** The kind that parameters are of; undefined where it is not served. */
export function paramResource(
  catalog: ResourceCatalog,
  { apiVersion, kind }: ParamKind,
): Resource | undefined {
  const definition = catalog.definitions.find(
    (each) => each.kind === kind && apiVersionOf(each) === apiVersion,
  );
  return definition && catalog.find(definition.group, definition.version, definition.plural);
}

/** Where the parameters are looked for. @throws PolicySetupError */
function placeOf(
  { definition }: Resource,
  { namespace = '' }: ParamRef,
  ofWrite: string,
): string | undefined {
  if (!definition.namespaced) {
    if (namespace === '') return undefined;
    throw new PolicySetupError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  }
  const place = namespace || ofWrite;
  if (place !== '') return place;
  throw new PolicySetupError(
    'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
  );
}

function found(
  cache: RegistryCache,
  resource: Resource,
  ref: ParamRef,
  namespace: string | undefined,
): JsonRecord[] {
  const { definition, prefix } = resource;
  const { name = '', selector = {} } = ref;
  const window = cache.window(prefix);
  if (name !== '') {
    const stored = window.get(objectKey(definition, namespace, name));
    return stored === undefined ? [] : [resource.view(stored).object];
  }
  return [...window.objects(listPrefix(definition, namespace))]
    .map((stored) => resource.view(stored).object)
    .filter(({ metadata }) => selectsLabels(selector, metadata.labels ?? {}));
}

/**
 * The parameters that a policy is evaluated with, once for each; a single null where it has none. They come from the
 * registry's memory, as the policies do.
 * @param namespace of the write
 * @throws PolicySetupError
 */
export function collectParams(
  { cache, catalog }: ParamSource,
  paramKind: ParamKind | undefined,
  ref: ParamRef | undefined,
  namespace: string,
): readonly (JsonRecord | null)[] {
  if (paramKind === undefined || ref === undefined) return [null];
  const resource = paramResource(catalog, paramKind);
  if (resource === undefined) {
    const { apiVersion = '', kind = '' } = paramKind;
    throw new PolicySetupError(
      `failed to find resource referenced by paramKind: '${apiVersion}, Kind=${kind}'`,
    );
  }
  const params = found(cache, resource, ref, placeOf(resource, ref, namespace));
  if (params.length === 0 && ref.parameterNotFoundAction === 'Deny')
    throw new PolicySetupError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return params;
}
