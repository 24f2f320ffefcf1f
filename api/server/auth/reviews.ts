import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { Attributes, Authorize } from './authorize.ts';
import type { User } from './user.ts';

const CREATED = { creationTimestamp: null };

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function attributesOf(user: User, spec: JsonRecord): Attributes {
  const asked = isRecord(spec.resourceAttributes) ? spec.resourceAttributes : {};
  const path = isRecord(spec.nonResourceAttributes) ? spec.nonResourceAttributes : {};
  return {
    user,
    verb: text(asked.verb) || text(path.verb),
    group: text(asked.group),
    resource: text(asked.resource),
    subresource: text(asked.subresource),
    namespace: text(asked.namespace),
    name: text(asked.name) || text(path.path),
  };
}

function accessReview(user: User, body: JsonRecord, authorize: Authorize): JsonRecord {
  const spec = isRecord(body.spec) ? body.spec : {};
  const { allowed, reason } = authorize(attributesOf(user, spec));
  return {
    kind: 'SelfSubjectAccessReview',
    apiVersion: 'authorization.k8s.io/v1',
    metadata: CREATED,
    spec,
    status: { allowed, reason },
  };
}

function subjectReview(user: User): JsonRecord {
  return {
    kind: 'SelfSubjectReview',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: CREATED,
    status: { userInfo: { username: user.name, groups: user.groups } },
  };
}

/** The answer to a review that is POSTed to this path; undefined for other paths. */
export function answerReview(
  path: string,
  user: User,
  body: JsonRecord,
  authorize: Authorize,
): JsonRecord | undefined {
  switch (path) {
    case '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews':
      return accessReview(user, body, authorize);
    case '/apis/authentication.k8s.io/v1/selfsubjectreviews':
      return subjectReview(user);
    default:
      return undefined;
  }
}
