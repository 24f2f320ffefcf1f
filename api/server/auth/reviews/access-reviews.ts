import { isRecord, type JsonRecord } from '../../../../crds/generate/json-record.ts';
import { badRequest } from '../../http/errors.ts';
import { StatusError } from '../../http/status-error.ts';
import type { FieldErrorType } from '../../schema/field-error.ts';
import { type Attributes, type Authorize, isSuperuser } from '../authorize.ts';
import { pathAttributes } from '../request-attributes.ts';
import type { User } from '../user.ts';
import type { Review } from './review.ts';
import { reviewedSelectors, selectorFault } from './selector-attributes.ts';

const GROUP = 'authorization.k8s.io';

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function invalidSpec(
  kind: string,
  field: string,
  message: string,
  reason: FieldErrorType = 'FieldValueInvalid',
): StatusError {
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${kind}.${GROUP} "" is invalid: ${field}: ${message}`,
    details: { group: GROUP, kind, causes: [{ reason, message, field }] },
  });
}

/**
 * What is asked about.
 * Source: k8s.io/kubernetes/pkg/apis/authorization/validation/validation.go
 */
function askedAttributes(kind: string, user: User, spec: JsonRecord): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes: path } = spec;
  if (isRecord(asked) && isRecord(path)) {
    const message = 'Invalid value: cannot be specified in combination with resourceAttributes';
    throw invalidSpec(kind, 'spec.nonResourceAttributes', message);
  }
  if (isRecord(path)) return pathAttributes(user, text(path.verb), text(path.path));
  if (!isRecord(asked)) {
    const message =
      'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalidSpec(kind, 'spec.resourceAttributes', message);
  }
  const fault = selectorFault(asked);
  if (fault !== undefined) throw invalidSpec(kind, fault.field, fault.message, fault.type);
  const { fieldSelector } = reviewedSelectors(asked);
  return {
    user,
    verb: text(asked.verb),
    group: text(asked.group),
    resource: text(asked.resource),
    subresource: text(asked.subresource),
    namespace: text(asked.namespace),
    name: text(asked.name),
    ...(fieldSelector.length === 0 ? {} : { fieldSelector }),
  };
}

function accessStatus(authorize: Authorize, asked: Attributes, spec: JsonRecord): JsonRecord {
  const { allowed, denied, reason } = authorize(asked);
  const errors = isRecord(spec.resourceAttributes) ? reviewedSelectors(spec.resourceAttributes).errors : [];
  return {
    allowed,
    ...(denied === true ? { denied } : {}),
    ...(reason === '' ? {} : { reason }),
    ...(errors.length === 0 ? {} : { evaluationError: errors.join('; ') }),
  };
}

/** Whom a review by somebody else is about. @throws StatusError 422 where it names nobody */
function subjectOf(kind: string, spec: JsonRecord): User {
  const name = text(spec.user);
  const groups = texts(spec.groups);
  if (name === '' && groups.length === 0) {
    const message = 'Invalid value: "": at least one of user or group must be specified';
    throw invalidSpec(kind, 'spec.user', message);
  }
  return { name, groups, ...(text(spec.uid) === '' ? {} : { uid: text(spec.uid) }) };
}

/** May I? */
const selfSubjectAccessReview: Review = {
  group: GROUP,
  plural: 'selfsubjectaccessreviews',
  kind: 'SelfSubjectAccessReview',
  namespaced: false,
  answer: ({ user, spec, authorize }) =>
    accessStatus(authorize, askedAttributes('SelfSubjectAccessReview', user, spec), spec),
};

/** May they? */
const subjectAccessReview: Review = {
  group: GROUP,
  plural: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
  answer: ({ spec, authorize }) => {
    const kind = 'SubjectAccessReview';
    return accessStatus(authorize, askedAttributes(kind, subjectOf(kind, spec), spec), spec);
  },
};

/** May they, in this namespace? For those who may ask about one namespace only. */
const localSubjectAccessReview: Review = {
  group: GROUP,
  plural: 'localsubjectaccessreviews',
  kind: 'LocalSubjectAccessReview',
  namespaced: true,
  answer: ({ namespace = '', spec, authorize }) => {
    const kind = 'LocalSubjectAccessReview';
    if (isRecord(spec.nonResourceAttributes)) {
      const message = 'Invalid value: disallowed on this kind of request';
      throw invalidSpec(kind, 'spec.nonResourceAttributes', message);
    }
    const asked = askedAttributes(kind, subjectOf(kind, spec), spec);
    if (asked.namespace !== namespace)
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${namespace}`);
    return accessStatus(authorize, asked, spec);
  },
};

/** Whether more than roles decides about this user, so that a list of rules is not all there is to say. */
function isDecidedElsewhere(user: User): boolean {
  return user.groups.includes('system:nodes') && !isSuperuser(user);
}

/** What may I? By roles alone; a node's own rights are no rules. */
const selfSubjectRulesReview: Review = {
  group: GROUP,
  plural: 'selfsubjectrulesreviews',
  kind: 'SelfSubjectRulesReview',
  namespaced: false,
  answer: ({ user, spec, rules }) => {
    const namespace = text(spec.namespace);
    if (namespace === '') throw badRequest('no namespace on request');
    const found = rules.rulesFor(user, namespace);
    const isPartial = isDecidedElsewhere(user);
    const errors = isPartial
      ? [...found.errors, 'node authorizer does not support user rule resolution']
      : found.errors;
    return {
      resourceRules: found.rules
        .filter(({ resources }) => resources.length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...(resourceNames.length === 0 ? {} : { resourceNames }),
        })),
      nonResourceRules: found.rules
        .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: isPartial,
      ...(errors.length === 0 ? {} : { evaluationError: errors.join(', ') }),
    };
  },
};

/** The reviews of authorization.k8s.io. */
export const ACCESS_REVIEWS: readonly Review[] = [
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
];
