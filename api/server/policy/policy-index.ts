import { setImmediate } from 'node:timers/promises';
import {
  type PolicySpec,
  type ValidatingAdmissionPolicy,
  validatingAdmissionPolicyDefinition,
} from '../../../crds/validatingadmissionpolicy/definition.ts';
import {
  type BindingSpec,
  type ValidatingAdmissionPolicyBinding,
  validatingAdmissionPolicyBindingDefinition,
} from '../../../crds/validatingadmissionpolicybinding/definition.ts';
import type { RegistryCache } from '../../storage/cache/registry-cache.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import { type CompiledPolicy, compilePolicy } from './compile-policy.ts';

/** Where all policies are stored. */
export const POLICY_PREFIX = resourcePrefix(validatingAdmissionPolicyDefinition);
/** Where all bindings are stored. */
export const BINDING_PREFIX = resourcePrefix(validatingAdmissionPolicyBindingDefinition);

export interface Binding {
  readonly name: string;
  readonly spec: BindingSpec;
}

/** A policy in force: one without a binding asks nobody. */
export interface BoundPolicy {
  readonly name: string;
  readonly spec: PolicySpec;
  readonly bindings: readonly Binding[];
  /** Compiled when it is first asked for, once for each generation. */
  readonly compiled: () => CompiledPolicy;
}

interface Compiled {
  readonly generation: number;
  policy?: CompiledPolicy;
}

/** The policies in force, as the registry's memory has them: by name, and each policy's bindings by name. */
export class PolicyIndex {
  readonly #cache: RegistryCache;
  #policies: readonly BoundPolicy[] = [];
  #seenPolicies = -1;
  #seenBindings = -1;
  /** By UID. */
  #compiled = new Map<string, Compiled>();

  constructor(cache: RegistryCache) {
    this.#cache = cache;
  }

  /** The same array as long as nothing changed. */
  get policies(): readonly BoundPolicy[] {
    const policies = this.#cache.window(POLICY_PREFIX).version;
    const bindings = this.#cache.window(BINDING_PREFIX).version;
    if (policies !== this.#seenPolicies || bindings !== this.#seenBindings) {
      this.#seenPolicies = policies;
      this.#seenBindings = bindings;
      this.#policies = this.#read();
    }
    return this.#policies;
  }

  /** Compiles what is new, one policy a turn of the event loop, so that no write waits for it. */
  async prepare(): Promise<void> {
    for (const { compiled } of this.policies) {
      compiled();
      await setImmediate();
    }
  }

  #read(): readonly BoundPolicy[] {
    const bindings = Map.groupBy(this.#bindings(), ({ spec }) => spec.policyName ?? '');
    const compiled = new Map<string, Compiled>();
    const policies: BoundPolicy[] = [];
    for (const stored of this.#cache.window(POLICY_PREFIX).objects(POLICY_PREFIX)) {
      const { metadata, spec = {} } = stored.object as ValidatingAdmissionPolicy;
      const { name = '', uid = '', generation = 0 } = metadata;
      const known = this.#compiled.get(uid);
      const entry: Compiled = known?.generation === generation ? known : { generation };
      compiled.set(uid, entry);
      const own = bindings.get(name);
      if (own === undefined) continue;
      const compile = () => (entry.policy ??= compilePolicy(spec));
      policies.push({ name, spec, bindings: own, compiled: compile });
    }
    this.#compiled = compiled;
    return policies;
  }

  #bindings(): Binding[] {
    return [...this.#cache.window(BINDING_PREFIX).objects(BINDING_PREFIX)].map(({ object }) => {
      const { metadata, spec = {} } = object as ValidatingAdmissionPolicyBinding;
      return { name: metadata.name ?? '', spec };
    });
  }
}
