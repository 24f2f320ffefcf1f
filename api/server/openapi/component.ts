import type { StructuralSchema } from '../../../crds/generate/structural-schema.ts';
import type { GroupVersionKind } from '../discovery/served-resource.ts';

/** A published schema before it is written as OpenAPI v2 or v3: structural, and able to point at another component. */
export interface Component
  extends Omit<StructuralSchema, 'items' | 'properties' | 'additionalProperties' | 'x-holt-message'> {
  /** Name of the component that this one is. */
  readonly ref?: string;
  readonly items?: Component;
  readonly properties?: { readonly [field: string]: Component };
  readonly additionalProperties?: Component;
  readonly 'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** The name of a component of metav1, e.g. `ObjectMeta`. */
export function metaComponentName(kind: string): string {
  return `${META}.${kind}`;
}

/**
 * The name of a kind's component as upstream names it: `io.k8s.api.core.v1.Namespace`; for custom kinds the group
 * backwards: `dev.holt.v1alpha1.UserVM`.
 */
export function componentName({ group, version, kind }: GroupVersionKind): string {
  const isUpstream = group === '' || group.endsWith('.k8s.io');
  if (isUpstream)
    return `io.k8s.api.${group === '' ? 'core' : group.slice(0, -'.k8s.io'.length)}.${version}.${kind}`;
  return `${group.split('.').toReversed().join('.')}.${version}.${kind}`;
}
