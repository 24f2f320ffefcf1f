import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { MatchResources, ResourceRule } from '../../../crds/meta/admission.ts';
import type { LabelSelector } from '../../../crds/meta/label-selector.ts';
import { isEmptySelector, selectsLabels } from '../selectors/object-selector.ts';
import { isNamespaceWrite, type PolicyWrite } from './policy-write.ts';

/*
 * Source: k8s.io/apiserver/pkg/admission/plugin/policy/matching/matching.go and
 * k8s.io/apiserver/pkg/admission/plugin/webhook/predicates
 */

function takesIn(list: readonly string[] = [], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

function takesInResource(resources: readonly string[] = [], { plural, subresource }: PolicyWrite): boolean {
  return resources.some((text) => {
    const slash = text.indexOf('/');
    const resource = slash === -1 ? text : text.slice(0, slash);
    const wanted = slash === -1 ? '' : text.slice(slash + 1);
    return (resource === '*' || resource === plural) && (wanted === '*' || wanted === subresource);
  });
}

function isInScope(scope: string | undefined, write: PolicyWrite): boolean {
  const isNamespaced = write.namespace !== '' && !isNamespaceWrite(write);
  if (scope === 'Namespaced') return isNamespaced;
  return scope === 'Cluster' ? !isNamespaced : true;
}

function ruleTakesIn(rule: ResourceRule, write: PolicyWrite, version: string): boolean {
  const { operations, apiGroups, apiVersions, resources, resourceNames = [], scope } = rule;
  return (
    takesIn(operations, write.operation) &&
    takesIn(apiGroups, write.group) &&
    takesIn(apiVersions, version) &&
    takesInResource(resources, write) &&
    isInScope(scope, write) &&
    (resourceNames.length === 0 || resourceNames.includes(write.name))
  );
}

/** The version in which one of the rules takes the write in: as it was written, else an equivalent one. */
function versionByRules(
  rules: readonly ResourceRule[],
  matchPolicy: string | undefined,
  write: PolicyWrite,
): string | undefined {
  if (rules.some((rule) => ruleTakesIn(rule, write, write.version))) return write.version;
  if (matchPolicy === 'Exact') return undefined;
  for (const rule of rules) {
    const version = write.otherVersions().find((each) => ruleTakesIn(rule, write, each));
    if (version !== undefined) return version;
  }
  return undefined;
}

function labelsOf(object: JsonRecord | null): Readonly<Record<string, string>> {
  const { labels } = isRecord(object?.metadata) ? object.metadata : {};
  return isRecord(labels) ? (labels as Record<string, string>) : {};
}

function matchesNamespace(selector: LabelSelector | undefined, write: PolicyWrite): boolean {
  if (selector === undefined || isEmptySelector(selector)) return true;
  const isNamespace = isNamespaceWrite(write);
  if (write.namespace === '' && !isNamespace) return true;
  const isItself = isNamespace && write.subresource === '' && write.object !== null;
  const namespace = isItself ? write.object : (write.namespaceObject() ?? null);
  return selectsLabels(selector, labelsOf(namespace));
}

function matchesObject(selector: LabelSelector | undefined, { object, oldObject }: PolicyWrite): boolean {
  if (selector === undefined || isEmptySelector(selector)) return true;
  return [object, oldObject].some((each) => each !== null && selectsLabels(selector, labelsOf(each)));
}

/**
 * Whether the resources of a policy or a binding take a write in, and in which version of its kind.
 * @throws StatusError 503 where the namespace is not known yet
 */
export function matchedVersion(resources: MatchResources, write: PolicyWrite): string | undefined {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = resources;
  const version =
    resourceRules.length === 0 ? write.version : versionByRules(resourceRules, matchPolicy, write);
  if (version === undefined) return undefined;
  if (versionByRules(excludeResourceRules, matchPolicy, write) !== undefined) return undefined;
  if (!matchesObject(resources.objectSelector, write)) return undefined;
  return matchesNamespace(resources.namespaceSelector, write) ? version : undefined;
}
