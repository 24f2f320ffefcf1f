import type { JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { Authenticator } from '../authenticate.ts';
import type { Attributes, Authorize } from '../authorize.ts';
import type { RuleResolver } from '../rbac/rule-resolver.ts';
import type { User } from '../user.ts';

/** What a review is answered from. */
export interface ReviewInput {
  /** Who asks. */
  readonly user: User;
  /** Of the path; undefined where it names none. */
  readonly namespace: string | undefined;
  readonly spec: JsonRecord;
  readonly authorize: Authorize;
  readonly rules: RuleResolver;
  readonly reviewToken: Authenticator['reviewToken'];
}

/** A request that is answered and never stored. */
export interface Review {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Whether the answer says when it was given. */
  readonly isDated?: boolean;
  /** The status; the rest of the answer is what was asked. @throws StatusError 400, 422 */
  answer(input: ReviewInput): JsonRecord | Promise<JsonRecord>;
}

/** The attributes of the right to ask. */
export function reviewAttributes(user: User, review: Review, namespace: string | undefined): Attributes {
  const { group, plural } = review;
  return {
    user,
    verb: 'create',
    group,
    resource: plural,
    subresource: '',
    namespace: namespace ?? '',
    name: '',
  };
}
