import type { FieldRequirement } from '../selectors/field-selector.ts';
import type { User } from './user.ts';

/** What somebody wants to do, in RBAC's terms: to a resource, or to a path that is none. */
export interface Attributes {
  readonly user: User;
  /** For a path: the HTTP method in lower case. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** Empty at the cluster scope. */
  readonly namespace: string;
  /** Empty for a collection, except where a field selector on metadata.name picks one object of it. */
  readonly name: string;
  /**
   * What a collection is narrowed to: every requirement holds for all that the request touches. Absent where there
   * is none, and where the selector cannot be read.
   */
  readonly fieldSelector?: readonly FieldRequirement[];
  /** Set where the request is for no resource, e.g. `/metrics`; all of the resource's fields are empty then. */
  readonly path?: string;
}

/** An answer: `allowed`, or not by this authoriser. */
export interface Decision {
  readonly allowed: boolean;
  /** For people; may be empty. */
  readonly reason: string;
  /** Nobody else is asked: it is refused whatever roles say. */
  readonly denied?: boolean;
}

/**
 * Says who may do what; the one seam through which every request goes.
 * @throws StatusError 503 while the roles were not yet read
 */
export type Authorize = (attributes: Attributes) => Decision;

/** Members may do everything, whatever roles there are: the way in when roles are broken. */
export const SUPERUSER_GROUP = 'system:masters';

export function isSuperuser(user: User): boolean {
  return user.groups.includes(SUPERUSER_GROUP);
}

/** Allows everything to the superusers and asks the others, in order, about everybody else. */
export function unionAuthorizer(authorizers: readonly Authorize[]): Authorize {
  return (asked) => {
    if (isSuperuser(asked.user)) return { allowed: true, reason: '' };
    const reasons: string[] = [];
    for (const authorize of authorizers) {
      const decision = authorize(asked);
      if (decision.allowed || decision.denied === true) return decision;
      if (decision.reason !== '') reasons.push(decision.reason);
    }
    return { allowed: false, reason: reasons.join('\n') };
  };
}
