import { urlCovers } from './match-rule.ts';
import type { PolicyRule } from './policy-rule.ts';

const NOTHING: PolicyRule = {
  verbs: [],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
};

/** Rules of one verb, one resource and one name each, that together say the same. */
function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) {
        for (const resourceNames of names) {
          parts.push({ ...NOTHING, apiGroups: [group], resources: [resource], verbs: [verb], resourceNames });
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs) {
    for (const verb of rule.verbs) parts.push({ ...NOTHING, nonResourceURLs: [url], verbs: [verb] });
  }
  return parts;
}

function hasAll(list: readonly string[], wanted: readonly string[]): boolean {
  return list.includes('*') || wanted.every((one) => list.includes(one));
}

function resourceCovers(owned: readonly string[], resource: string): boolean {
  if (owned.includes('*') || owned.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash !== -1 && owned.includes(`*${resource.slice(slash)}`);
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  // Names do not stand for anything here: `*` would be an object of that name.
  const namesFit =
    owner.resourceNames.length === 0 ||
    (part.resourceNames.length > 0 && part.resourceNames.every((name) => owner.resourceNames.includes(name)));
  return (
    namesFit &&
    hasAll(owner.verbs, part.verbs) &&
    hasAll(owner.apiGroups, part.apiGroups) &&
    part.resources.every((resource) => resourceCovers(owner.resources, resource)) &&
    part.nonResourceURLs.every((path) => owner.nonResourceURLs.some((url) => urlCovers(url, path)))
  );
}

/**
 * What `wanted` allows beyond `owned`, in parts of one verb each. It is compared rule by rule: two rules never
 * cover a third together but by its parts.
 * Source: k8s.io/component-helpers/auth/rbac/validation/policy_comparator.go
 */
export function uncoveredRules(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((owner) => covers(owner, part)));
}

function quoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

/** A rule in upstream's short form, e.g. `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function describeRule(rule: PolicyRule): string {
  const parts: readonly (readonly [string, readonly string[]])[] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const given = parts.filter(([, values]) => values.length > 0);
  return `{${given.map(([name, values]) => `${name}:${quoted(values)}`).join(', ')}}`;
}

/** Joins the verbs of rules for one and the same resource; rules with names or URLs stay as they are. */
export function compactRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const compact: PolicyRule[] = [];
  const places = new Map<string, number>();
  for (const rule of rules) {
    const [group] = rule.apiGroups;
    const [resource] = rule.resources;
    const isSimple =
      rule.apiGroups.length === 1 &&
      rule.resources.length === 1 &&
      rule.resourceNames.length === 0 &&
      rule.nonResourceURLs.length === 0;
    const key = `${group}/${resource}`;
    const place = isSimple ? places.get(key) : undefined;
    const known = place === undefined ? undefined : compact[place];
    if (place === undefined || known === undefined) {
      if (isSimple) places.set(key, compact.length);
      compact.push(rule);
    } else compact[place] = { ...known, verbs: [...known.verbs, ...rule.verbs] };
  }
  return compact;
}
