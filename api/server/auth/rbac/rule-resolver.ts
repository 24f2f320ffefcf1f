import type { RegistryCache } from '../../../storage/cache/registry-cache.ts';
import { objectKey } from '../../../storage/keys.ts';
import type { StoredObject } from '../../../storage/stored-object.ts';
import type { User } from '../user.ts';
import { BindingIndex, groupKey, type SubjectBinding, userKey } from './binding-index.ts';
import { type PolicyRule, RBAC_GROUP, type RoleRef, storedRules } from './policy-rule.ts';

/** A rule that holds for somebody, and the binding that brings it. */
export interface GrantedRule {
  readonly rule: PolicyRule;
  readonly binding: SubjectBinding;
}

/** What somebody may do, and the roles that were named but not found. */
export interface ResolvedRules {
  readonly rules: readonly PolicyRule[];
  readonly errors: readonly string[];
}

/** The key of the role that is meant in a namespace; undefined for another kind of role. */
export function roleKey(roleRef: RoleRef, namespace: string): string | undefined {
  if (roleRef.kind === 'ClusterRole')
    return objectKey({ group: RBAC_GROUP, plural: 'clusterroles' }, undefined, roleRef.name);
  if (roleRef.kind !== 'Role' || namespace === '') return undefined;
  return objectKey({ group: RBAC_GROUP, plural: 'roles' }, namespace, roleRef.name);
}

/** Finds the rules that hold for a user: by the bindings of the name and of each group, from memory. */
export class RuleResolver {
  readonly #cache: RegistryCache;
  readonly #clusterBindings: BindingIndex;
  readonly #bindings: BindingIndex;

  constructor(cache: RegistryCache) {
    this.#cache = cache;
    this.#clusterBindings = new BindingIndex(cache, 'clusterrolebindings');
    this.#bindings = new BindingIndex(cache, 'rolebindings');
  }

  /** The role that is meant in a namespace, as the cache has it. */
  findRole(roleRef: RoleRef, namespace: string): StoredObject | undefined {
    const key = roleKey(roleRef, namespace);
    return key === undefined ? undefined : this.#cache.get(key);
  }

  /**
   * Each rule that holds for the user in the namespace (`''`: at the cluster scope), lazily.
   * @param onError told of each binding whose role is not there, in upstream's words
   */
  *grantedTo(user: User, namespace: string, onError: (message: string) => void): Generator<GrantedRule> {
    for (const binding of this.#bindingsOf(user, namespace)) {
      const role = this.findRole(binding.roleRef, binding.namespace);
      if (role === undefined) {
        const { kind, name } = binding.roleRef;
        onError(`${kind.toLowerCase()}.${RBAC_GROUP} ${JSON.stringify(name)} not found`);
        continue;
      }
      for (const rule of storedRules(role)) yield { rule, binding };
    }
  }

  /** All rules that hold for the user in the namespace. */
  rulesFor(user: User, namespace: string): ResolvedRules {
    const errors: string[] = [];
    const rules = [...this.grantedTo(user, namespace, (message) => errors.push(message))].map(
      ({ rule }) => rule,
    );
    return { rules, errors };
  }

  *#bindingsOf(user: User, namespace: string): Generator<SubjectBinding> {
    const keys = [userKey(user.name), ...user.groups.map(groupKey)];
    for (const key of keys) yield* this.#clusterBindings.find('', key);
    if (namespace === '') return;
    for (const key of keys) yield* this.#bindings.find(namespace, key);
  }
}
