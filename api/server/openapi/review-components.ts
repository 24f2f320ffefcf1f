import { type Component, componentName, metaComponentName } from './component.ts';
import { TYPE_META } from './meta-components.ts';

const text: Component = { type: 'string' };
const texts: Component = { type: 'array', items: text };

const SELECTOR: Component = {
  type: 'object',
  description: 'What a list, a watch or a deletecollection is narrowed to: one of the two.',
  properties: {
    rawSelector: { ...text, description: 'As in the query of a request.' },
    requirements: {
      type: 'array',
      description: 'All of them hold.',
      items: {
        type: 'object',
        required: ['key', 'operator'],
        properties: { key: text, operator: text, values: texts },
      },
    },
  },
};

const ASKED: Readonly<Record<string, Component>> = {
  resourceAttributes: {
    type: 'object',
    description: 'A request for a resource.',
    properties: {
      namespace: text,
      verb: text,
      group: text,
      version: text,
      resource: text,
      subresource: text,
      name: text,
      fieldSelector: SELECTOR,
      labelSelector: SELECTOR,
    },
  },
  nonResourceAttributes: {
    type: 'object',
    description: 'A request for a path.',
    properties: { path: text, verb: text },
  },
};

const ACCESS_REVIEW_SPEC: Component = {
  type: 'object',
  description: 'The request that is asked about: one of the two.',
  properties: ASKED,
};

const SUBJECT_REVIEW_SPEC: Component = {
  type: 'object',
  description: 'The request that is asked about, and whose it would be.',
  properties: {
    ...ASKED,
    user: { ...text, description: 'Name of the user.' },
    groups: { ...texts, description: 'Groups of the user.' },
    uid: { ...text, description: 'UID of the user.' },
    extra: { type: 'object', additionalProperties: texts, description: 'What else is known of the user.' },
  },
};

const RULES_REVIEW_SPEC: Component = {
  type: 'object',
  description: 'Where.',
  properties: { namespace: { ...text, description: 'The namespace that is asked about.' } },
};

const RULES_REVIEW_STATUS: Component = {
  type: 'object',
  description: 'What you may do, as far as roles say.',
  required: ['resourceRules', 'nonResourceRules', 'incomplete'],
  properties: {
    resourceRules: {
      type: 'array',
      description: 'Rules for resources.',
      items: {
        type: 'object',
        required: ['verbs'],
        properties: { verbs: texts, apiGroups: texts, resources: texts, resourceNames: texts },
      },
    },
    nonResourceRules: {
      type: 'array',
      description: 'Rules for paths.',
      items: {
        type: 'object',
        required: ['verbs'],
        properties: { verbs: texts, nonResourceURLs: texts },
      },
    },
    incomplete: { type: 'boolean', description: 'Whether more than roles decides.' },
    evaluationError: { ...text, description: 'What went wrong while this was found out.' },
  },
};

const ACCESS_REVIEW_STATUS: Component = {
  type: 'object',
  description: 'The answer.',
  required: ['allowed'],
  properties: {
    allowed: { type: 'boolean', description: 'Whether you may.' },
    denied: { type: 'boolean', description: 'Whether it was expressly denied.' },
    reason: { ...text, description: 'Why.' },
    evaluationError: { ...text, description: 'What went wrong while this was found out.' },
  },
};

const USER_INFO: Component = {
  type: 'object',
  description: 'The user as the server knows it.',
  properties: {
    username: text,
    uid: text,
    groups: texts,
    extra: { type: 'object', additionalProperties: texts },
  },
};

const SELF_REVIEW_STATUS: Component = {
  type: 'object',
  description: 'Who you are.',
  properties: { userInfo: USER_INFO },
};

const TOKEN_REVIEW_SPEC: Component = {
  type: 'object',
  description: 'The token that is asked about.',
  properties: {
    token: { ...text, description: 'The bearer token.' },
    audiences: { ...texts, description: 'For whom it should be; the server itself where there are none.' },
  },
};

const TOKEN_REVIEW_STATUS: Component = {
  type: 'object',
  description: 'Who it is from, or why it is not good.',
  properties: {
    authenticated: { type: 'boolean', description: 'Whether the token is good.' },
    user: USER_INFO,
    audiences: { ...texts, description: 'Those of the token that were asked for.' },
    error: { ...text, description: 'Why it is not good.' },
  },
};

/** The components of the reviews of one API version, by name: answered and never stored. */
export function reviewComponents(group: string, version: string): [string, Component][] {
  if (version !== 'v1') return [];
  switch (group) {
    case 'authorization.k8s.io':
      return [
        review(group, 'SelfSubjectAccessReview', 'Asks whether you may do something.', {
          spec: ACCESS_REVIEW_SPEC,
          status: ACCESS_REVIEW_STATUS,
        }),
        review(group, 'SubjectAccessReview', 'Asks whether somebody may do something.', {
          spec: SUBJECT_REVIEW_SPEC,
          status: ACCESS_REVIEW_STATUS,
        }),
        review(group, 'LocalSubjectAccessReview', 'Asks whether somebody may do something in a namespace.', {
          spec: SUBJECT_REVIEW_SPEC,
          status: ACCESS_REVIEW_STATUS,
        }),
        review(group, 'SelfSubjectRulesReview', 'Asks what you may do.', {
          spec: RULES_REVIEW_SPEC,
          status: RULES_REVIEW_STATUS,
        }),
      ];
    case 'authentication.k8s.io':
      return [
        review(group, 'SelfSubjectReview', 'Asks who you are.', { status: SELF_REVIEW_STATUS }),
        review(group, 'TokenReview', 'Asks who a token is from.', {
          spec: TOKEN_REVIEW_SPEC,
          status: TOKEN_REVIEW_STATUS,
        }),
      ];
    default:
      return [];
  }
}

function review(
  group: string,
  kind: string,
  description: string,
  properties: Record<string, Component>,
): [string, Component] {
  const gvk = { group, version: 'v1', kind };
  const metadata = { ref: metaComponentName('ObjectMeta') };
  return [
    componentName(gvk),
    {
      type: 'object',
      description,
      properties: { ...TYPE_META, metadata, ...properties },
      'x-kubernetes-group-version-kind': [gvk],
    },
  ];
}
