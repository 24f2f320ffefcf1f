import { ADMISSION_MESSAGES } from './admission-messages.ts';
import { APIEXTENSIONS_MESSAGES } from './apiextensions-messages.ts';
import { CORE_MESSAGES } from './core-messages.ts';
import { JSON_SCHEMA_MESSAGES } from './json-schema-messages.ts';
import { type MessageTexts, messageRegistry } from './message-types.ts';
import { META_MESSAGES } from './meta-messages.ts';
import { NODE_MESSAGES } from './node-messages.ts';
import { RBAC_MESSAGES } from './rbac-messages.ts';
import { REVIEW_MESSAGES } from './review-messages.ts';
import { SERVICE_MESSAGES } from './service-messages.ts';

/*
 * The messages of the built-in kinds with the field numbers of upstream, as far as Holt serves them: the numbers from
 * the generated.proto files, pointers from the Go types beside them.
 */

/** Source: k8s.io/api/{coordination,autoscaling}/v1/generated.proto */
const SMALL_GROUPS: MessageTexts = {
  Lease: ['metadata:1 ObjectMeta', 'spec:2 LeaseSpec'],
  LeaseSpec: [
    'holderIdentity:1 *string',
    'leaseDurationSeconds:2 *int32',
    'acquireTime:3 microTime',
    'renewTime:4 microTime',
    'leaseTransitions:5 *int32',
    'strategy:6 *string',
    'preferredHolder:7 *string',
  ],
  Scale: ['metadata:1 ObjectMeta', 'spec:2 ScaleSpec', 'status:3 ScaleStatus'],
  ScaleSpec: ['replicas:1 int32'],
  ScaleStatus: ['replicas:1 *int32', 'selector:2 string'],
};

/** Kinds that are stored, and so listed, by API version. */
const STORED_KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['Namespace', 'Node', 'Event', 'ConfigMap', 'Secret', 'ServiceAccount', 'Service', 'ResourceQuota'],
  'coordination.k8s.io/v1': ['Lease'],
  'rbac.authorization.k8s.io/v1': ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
  'apiextensions.k8s.io/v1': ['CustomResourceDefinition'],
  'admissionregistration.k8s.io/v1': ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
  'meta.k8s.io/v1': ['PartialObjectMetadata'],
};

/** Kinds that only travel. */
const OTHER_KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ['Status'],
  'autoscaling/v1': ['Scale'],
  'authorization.k8s.io/v1': [
    'SelfSubjectAccessReview',
    'SubjectAccessReview',
    'LocalSubjectAccessReview',
    'SelfSubjectRulesReview',
  ],
  'authentication.k8s.io/v1': ['SelfSubjectReview', 'TokenReview', 'TokenRequest'],
};

const LISTS = Object.fromEntries(
  Object.values(STORED_KINDS)
    .flat()
    .map((kind) => [`${kind}List`, ['metadata:1 ListMeta', `items:2 []${kind}`]]),
);

/** `apiVersion/kind` of everything that has a protobuf form. */
const KINDS: ReadonlySet<string> = new Set(
  [STORED_KINDS, OTHER_KINDS].flatMap((kinds) =>
    Object.entries(kinds).flatMap(([apiVersion, names]) =>
      names.flatMap((name) => [`${apiVersion}/${name}`, `${apiVersion}/${name}List`]),
    ),
  ),
);

/** Every message by name. */
export const MESSAGES = messageRegistry({
  ...META_MESSAGES,
  ...CORE_MESSAGES,
  ...NODE_MESSAGES,
  ...SERVICE_MESSAGES,
  ...SMALL_GROUPS,
  ...RBAC_MESSAGES,
  ...REVIEW_MESSAGES,
  ...ADMISSION_MESSAGES,
  ...APIEXTENSIONS_MESSAGES,
  ...JSON_SCHEMA_MESSAGES,
  ...LISTS,
});

/** The name of a kind's message in an API version; undefined where it has no protobuf form here. */
export function messageNameOf(apiVersion: string, kind: string): string | undefined {
  // Clients send DeleteOptions in the API version of what they delete.
  if (kind === 'DeleteOptions') return kind;
  return KINDS.has(`${apiVersion}/${kind}`) && MESSAGES.has(kind) ? kind : undefined;
}
