import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { notFound } from '../../http/errors.ts';
import { type Attributes, type Authorize, isSuperuser } from '../authorize.ts';
import type { User } from '../user.ts';
import { type PolicyRule, RBAC_GROUP, roleRefOf, rulesOf, storedRules, subjectsOf } from './policy-rule.ts';
import { compactRules, describeRule, uncoveredRules } from './rule-coverage.ts';
import type { RuleResolver } from './rule-resolver.ts';

/** A role or a binding that is about to be written. */
export interface GrantInput {
  readonly user: User;
  /** `roles`, `clusterroles`, `rolebindings` or `clusterrolebindings`. */
  readonly plural: string;
  readonly object: ApiObject;
  /** Undefined on create. */
  readonly previous: ApiObject | undefined;
  readonly authorize: Authorize;
  readonly rules: RuleResolver;
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

function may(input: GrantInput, verb: string, resource: string, name: string): boolean {
  const asked: Attributes = {
    user: input.user,
    verb,
    group: RBAC_GROUP,
    resource,
    subresource: '',
    namespace: input.object.metadata.namespace ?? '',
    name,
  };
  return input.authorize(asked).allowed;
}

/** What is granted and not held, in upstream's words. */
function missing({ user, object, rules }: GrantInput, granted: readonly PolicyRule[]): string | undefined {
  const own = rules.rulesFor(user, object.metadata.namespace ?? '');
  const beyond = uncoveredRules(own.rules, granted);
  if (beyond.length === 0) return undefined;
  const lines = [...new Set(compactRules(beyond).map(describeRule))].sort();
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const errors = own.errors.length === 0 ? '' : `; resolution errors: [${own.errors.join(', ')}]`;
  return `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${lines.join('\n')}${errors}`;
}

function checkRole(input: GrantInput): string | undefined {
  const { object, previous, plural } = input;
  const { aggregationRule } = object;
  const wanted = rulesOf(object);
  const sameRules = previous !== undefined && isDeepStrictEqual(wanted, rulesOf(previous));
  const sameAggregation =
    aggregationRule === undefined || isDeepStrictEqual(aggregationRule, previous?.aggregationRule);
  if (sameRules && sameAggregation) return undefined;
  if (may(input, 'escalate', plural, object.metadata.name ?? '')) return undefined;
  if (!sameAggregation && isRecord(aggregationRule) && missing(input, EVERYTHING) !== undefined)
    return 'must have cluster-admin privileges to use the aggregationRule';
  return sameRules ? undefined : missing(input, wanted);
}

function checkBinding(input: GrantInput): string | undefined {
  const { object, previous, rules } = input;
  const roleRef = roleRefOf(object);
  const isSame =
    previous !== undefined &&
    isDeepStrictEqual(roleRef, roleRefOf(previous)) &&
    isDeepStrictEqual(subjectsOf(object), subjectsOf(previous));
  if (isSame) return undefined;
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (may(input, 'bind', resource, roleRef.name)) return undefined;
  const role = rules.findRole(roleRef, object.metadata.namespace ?? '');
  if (role === undefined) throw notFound({ group: RBAC_GROUP, plural: resource }, roleRef.name);
  return missing(input, storedRules(role));
}

/**
 * Why somebody may not write this role or binding: nobody grants what they do not hold, but for the verbs
 * `escalate` (on the role) and `bind` (on the role that is bound). Undefined where they may.
 * Source: k8s.io/kubernetes/pkg/registry/rbac/{role,clusterrole,rolebinding,clusterrolebinding}/policybased
 * @throws StatusError 404 where the role that is bound is not there
 */
export function escalation(input: GrantInput): string | undefined {
  if (isSuperuser(input.user)) return undefined;
  switch (input.plural) {
    case 'roles':
    case 'clusterroles':
      return checkRole(input);
    case 'rolebindings':
    case 'clusterrolebindings':
      return checkBinding(input);
    default:
      return undefined;
  }
}
