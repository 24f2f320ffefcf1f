import {
  CRD_GROUP,
  type CrdCondition,
  type CustomResourceDefinition,
  customResourceDefinitionDefinition,
} from '../../../crds/customresourcedefinition/definition.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { objectKey, resourcePrefix } from '../../storage/keys.ts';

/** Holds a deleted definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** Where all definitions are stored. */
export const CRD_PREFIX = resourcePrefix(customResourceDefinitionDefinition);

/** The key of a definition. */
export function crdKey(name: string): string {
  return objectKey(customResourceDefinitionDefinition, undefined, name);
}

export function isCrdKind({ group, plural }: Pick<ResourceInfo, 'group' | 'plural'>): boolean {
  return group === CRD_GROUP && plural === customResourceDefinitionDefinition.plural;
}

export function conditionOf(crd: CustomResourceDefinition, type: string): CrdCondition | undefined {
  return (crd.status?.conditions ?? []).find((condition) => condition.type === type);
}

export function isConditionTrue(crd: CustomResourceDefinition, type: string): boolean {
  return conditionOf(crd, type)?.status === 'True';
}

/** The conditions with one set; its time moves only when its status does. */
export function withCondition(
  conditions: readonly CrdCondition[],
  wanted: Omit<CrdCondition, 'lastTransitionTime'>,
  now: string,
): CrdCondition[] {
  const old = conditions.find(({ type }) => type === wanted.type);
  const lastTransitionTime = old?.status === wanted.status ? (old.lastTransitionTime ?? now) : now;
  const next = { lastTransitionTime, ...wanted };
  return old === undefined
    ? [...conditions, next]
    : conditions.map((condition) => (condition === old ? next : condition));
}
