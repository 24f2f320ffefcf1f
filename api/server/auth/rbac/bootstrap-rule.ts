/** A rule as it is written down: fields that are empty are left out. */
export interface BootstrapRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

/** A ClusterRole that is there from the start. */
export interface BootstrapRole {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly BootstrapRule[];
  /** Takes the rules of all roles with this label instead. */
  readonly aggregates?: string;
}

/** A binding that is there from the start: of the ClusterRole of its name unless `role` names another. */
export interface BootstrapBinding {
  readonly name: string;
  readonly role?: string;
  /** A RoleBinding there; absent: a ClusterRoleBinding. */
  readonly namespace?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
}

/** A rule about resources of the core group. */
export function core(verbs: readonly string[], ...resources: readonly string[]): BootstrapRule {
  return { verbs, apiGroups: [''], resources };
}

/** A rule about resources of a group. */
export function of(group: string, verbs: readonly string[], ...resources: readonly string[]): BootstrapRule {
  return { verbs, apiGroups: [group], resources };
}

/** The rule for these objects alone. A list or a watch counts where it selects one by `metadata.name`. */
export function named(rule: BootstrapRule, ...resourceNames: readonly string[]): BootstrapRule {
  return { ...rule, resourceNames };
}

/** A rule about paths that are no resource. */
export function urls(...nonResourceURLs: readonly string[]): BootstrapRule {
  return { verbs: ['get'], nonResourceURLs };
}
