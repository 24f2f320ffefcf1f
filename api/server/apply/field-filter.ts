import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { type FieldSet, type FieldSetDraft, SELF } from './field-set.ts';
import type { FieldFilter } from './take-over.ts';

/** Fields of metadata that nobody comes to own: the server sets them, or they are the object's identity. */
const STRIPPED = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
].map((name) => `f:${name}`);

function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

function withoutIdentity(set: FieldSet): FieldSet {
  const { 'f:apiVersion': _, 'f:kind': __, 'f:metadata': metadata, ...rest } = set;
  if (metadata === undefined) return rest;
  const kept: FieldSetDraft = { ...metadata };
  for (const element of [SELF, ...STRIPPED]) delete kept[element];
  return isEmpty(kept) ? rest : { 'f:metadata': kept, ...rest };
}

/**
 * The fields that a write may come to own by the way it came: what that way does not write is left out.
 * Sources: stripmeta.go in k8s.io/apimachinery/pkg/util/managedfields, and GetResetFields of the strategies
 */
export function fieldFilterOf(definition: ResourceInfo, subresource: string): FieldFilter {
  if (subresource === 'status' && !definition.builtIn) {
    return (set) => (set['f:status'] === undefined ? {} : { 'f:status': set['f:status'] });
  }
  const reset = subresource === 'status' ? 'f:spec' : definition.hasStatus ? 'f:status' : undefined;
  return (set) => {
    if (isEmpty(set)) return set;
    const stripped = withoutIdentity(set);
    if (reset === undefined || stripped[reset] === undefined) return stripped;
    const { [reset]: _, ...kept } = stripped;
    return kept;
  };
}
