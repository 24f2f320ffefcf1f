import type { RegistryCache } from '../../storage/cache/registry-cache.ts';
import type { StartupProgress } from '../http/context.ts';
import { serviceUnavailable } from '../http/errors.ts';
import { type Authorize, unionAuthorizer } from './authorize.ts';
import { BoundObjects } from './node/bound-objects.ts';
import { createNodeAuthorizer } from './node/node-authorizer.ts';
import { createRbacAuthorizer } from './rbac/rbac-authorizer.ts';
import type { RuleResolver } from './rbac/rule-resolver.ts';

/**
 * The server's authoriser: superusers, then nodes by what is bound to them, then roles. While the roles are not
 * yet read or made nobody is told "no" for good: a 503 is tried again, a 403 is not.
 */
export function createAuthorizer(options: {
  readonly cache: RegistryCache;
  readonly rules: RuleResolver;
  readonly startup: StartupProgress;
}): Authorize {
  const { cache, rules, startup } = options;
  const authorize = unionAuthorizer([
    createNodeAuthorizer(new BoundObjects(cache)),
    createRbacAuthorizer(rules),
  ]);
  return (asked) => {
    const decision = authorize(asked);
    if (decision.allowed || startup.hasBootstrapRoles) return decision;
    throw serviceUnavailable('the roles are not yet read from etcd: try again');
  };
}
