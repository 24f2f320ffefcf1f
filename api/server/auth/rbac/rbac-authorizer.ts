import type { Authorize, Decision } from '../authorize.ts';
import type { SubjectBinding } from './binding-index.ts';
import { ruleAllows } from './match-rule.ts';
import type { RuleResolver } from './rule-resolver.ts';

/** A binding in upstream's words. Source: k8s.io/kubernetes/pkg/registry/rbac/validation/rule.go */
function describeBinding({ name, namespace, roleRef, subject }: SubjectBinding): string {
  const isCluster = namespace === '';
  const who =
    subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  const binding = isCluster
    ? `ClusterRoleBinding ${JSON.stringify(name)}`
    : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
  return `${binding} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${subject.kind} ${JSON.stringify(who)}`;
}

function denial(errors: readonly string[]): Decision {
  if (errors.length === 0) return { allowed: false, reason: '' };
  const told = [...new Set(errors)];
  return { allowed: false, reason: `RBAC: ${told.length === 1 ? told[0] : `[${told.join(', ')}]`}` };
}

/** Decides by roles and bindings; the reason names the first binding that allows it. */
export function createRbacAuthorizer(resolver: RuleResolver): Authorize {
  return (asked) => {
    const errors: string[] = [];
    const namespace = asked.path === undefined ? asked.namespace : '';
    for (const { rule, binding } of resolver.grantedTo(asked.user, namespace, (error) =>
      errors.push(error),
    )) {
      if (ruleAllows(rule, asked))
        return { allowed: true, reason: `RBAC: allowed by ${describeBinding(binding)}` };
    }
    return denial(errors);
  };
}
