import type { User } from './user.ts';

/** What somebody wants to do, in RBAC's terms. */
export interface Attributes {
  readonly user: User;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Decision {
  readonly allowed: boolean;
  readonly reason: string;
}

/** Says who may do what; the one seam through which every request goes. */
export type Authorize = (attributes: Attributes) => Decision;

/** Groups whose members may do everything: the operator and Holt's own processes. */
const TRUSTED_GROUPS: ReadonlySet<string> = new Set(['system:masters', 'holt:components', 'system:nodes']);

/** Everything for the trusted groups, nothing for anybody else. */
export const authorizeByGroup: Authorize = ({ user }) => {
  const group = user.groups.find((name) => TRUSTED_GROUPS.has(name));
  return group === undefined
    ? {
        allowed: false,
        reason: 'the certificate names none of the groups system:masters, holt:components, system:nodes',
      }
    : { allowed: true, reason: `member of ${group}` };
};
