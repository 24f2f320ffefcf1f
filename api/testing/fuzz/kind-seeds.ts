import { FUZZ_NAMESPACE } from './seeds.ts';

/** A valid object, and the collection that takes it. */
export interface KindSeed {
  readonly path: string;
  readonly object: Readonly<Record<string, unknown>>;
}

const RBAC = 'rbac.authorization.k8s.io/v1';
const core = (plural: string) => `/api/v1/namespaces/${FUZZ_NAMESPACE}/${plural}`;
const rbac = (plural: string) => `/apis/${RBAC}/namespaces/${FUZZ_NAMESPACE}/${plural}`;

function seed(path: string, apiVersion: string, kind: string, fields: object): KindSeed {
  const name = kind === 'CustomResourceDefinition' ? 'fuzzes.fuzz.example' : `seed-${kind.toLowerCase()}`;
  return { path, object: { apiVersion, kind, metadata: { name, labels: { app: 'fuzz' } }, ...fields } };
}

const RULES = [
  { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'], resourceNames: ['a'] },
  { nonResourceURLs: ['/healthz/*'], verbs: ['get'] },
];
const SUBJECTS = [
  { kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' },
  { kind: 'ServiceAccount', name: 'default', namespace: FUZZ_NAMESPACE },
];
const roleRef = (kind: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name: 'view' });

const ADMISSION = 'admissionregistration.k8s.io/v1';
const MATCHED = {
  resourceRules: [
    {
      ...{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'] },
      ...{ resources: ['configmaps', 'configmaps/*'], resourceNames: ['a'], scope: 'Namespaced' },
    },
  ],
  namespaceSelector: { matchLabels: { a: 'b' } },
  objectSelector: { matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] },
  matchPolicy: 'Exact',
};

const SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        size: { type: 'integer', minimum: 1, default: 1 },
        list: {
          type: 'array',
          items: { type: 'object', properties: { k: { type: 'string' } }, required: ['k'] },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
        },
      },
      required: ['size'],
      'x-kubernetes-validations': [{ rule: 'self.size < 10', message: 'too large' }],
    },
    status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};

/** Objects with the fields of their kinds, for what is particular to each. */
export const KIND_SEEDS: readonly KindSeed[] = [
  seed(core('configmaps'), 'v1', 'ConfigMap', {
    data: { a: 'b' },
    binaryData: { c: 'ZA==' },
    immutable: false,
  }),
  seed(core('secrets'), 'v1', 'Secret', { type: 'Opaque', data: { a: 'Yg==' }, stringData: { c: 'd' } }),
  seed(core('serviceaccounts'), 'v1', 'ServiceAccount', {
    secrets: [{ name: 'a' }],
    imagePullSecrets: [{ name: 'b' }],
    automountServiceAccountToken: false,
  }),
  seed(core('resourcequotas'), 'v1', 'ResourceQuota', {
    spec: { hard: { 'count/configmaps': '100', 'requests.storage': '1Gi' } },
  }),
  seed(core('events'), 'v1', 'Event', {
    involvedObject: { kind: 'Lease', name: 'a', namespace: FUZZ_NAMESPACE, apiVersion: 'v1', uid: 'u' },
    reason: 'Fuzzed',
    message: 'm',
    type: 'Normal',
    count: 1,
    firstTimestamp: '2020-01-01T00:00:00Z',
    source: { component: 'fuzz', host: 'h' },
  }),
  seed(rbac('roles'), RBAC, 'Role', { rules: RULES.slice(0, 1) }),
  seed(rbac('rolebindings'), RBAC, 'RoleBinding', { roleRef: roleRef('ClusterRole'), subjects: SUBJECTS }),
  seed(`/apis/${RBAC}/clusterroles`, RBAC, 'ClusterRole', {
    rules: RULES,
    aggregationRule: {
      clusterRoleSelectors: [
        { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'k', operator: 'In', values: ['v'] }] },
      ],
    },
  }),
  seed(`/apis/${RBAC}/clusterrolebindings`, RBAC, 'ClusterRoleBinding', {
    roleRef: roleRef('ClusterRole'),
    subjects: SUBJECTS,
  }),
  seed(
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    'apiextensions.k8s.io/v1',
    'CustomResourceDefinition',
    {
      spec: {
        group: 'fuzz.example',
        names: { plural: 'fuzzes', singular: 'fuzz', kind: 'Fuzz', listKind: 'FuzzList', shortNames: ['fz'] },
        scope: 'Namespaced',
        versions: [
          {
            ...{ name: 'v1', served: true, storage: true },
            schema: { openAPIV3Schema: SCHEMA },
            subresources: {
              status: {},
              scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
            },
            additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
            selectableFields: [{ jsonPath: '.spec.size' }],
          },
        ],
      },
    },
  ),
  seed(`/apis/${ADMISSION}/validatingadmissionpolicies`, ADMISSION, 'ValidatingAdmissionPolicy', {
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: MATCHED,
      matchConditions: [{ name: 'named', expression: "request.name != 'x'" }],
      variables: [{ name: 'data', expression: 'has(object.data) ? object.data : {}' }],
      validations: [
        {
          ...{ expression: 'size(variables.data) < 3', message: 'm', reason: 'Forbidden' },
          messageExpression: "'n' + string(size(variables.data))",
        },
      ],
      auditAnnotations: [{ key: 'k', valueExpression: 'request.operation' }],
      failurePolicy: 'Ignore',
    },
  }),
  seed(
    `/apis/${ADMISSION}/validatingadmissionpolicybindings`,
    ADMISSION,
    'ValidatingAdmissionPolicyBinding',
    {
      spec: {
        policyName: 'seed-validatingadmissionpolicy',
        paramRef: { name: 'a', namespace: FUZZ_NAMESPACE, parameterNotFoundAction: 'Allow' },
        matchResources: MATCHED,
        validationActions: ['Warn', 'Audit'],
      },
    },
  ),
  seed(
    `/apis/holt.dev/v1alpha1/namespaces/${FUZZ_NAMESPACE}/volumesnapshots`,
    'holt.dev/v1alpha1',
    'VolumeSnapshot',
    {
      spec: { source: { userVMName: 'a' }, size: '1Gi', retention: '1h30m' },
    },
  ),
  {
    path: core('serviceaccounts/default/token'),
    object: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['a'],
        expirationSeconds: 600,
        boundObjectRef: { kind: 'Secret', name: 'a', uid: 'u' },
      },
    },
  },
  {
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    object: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        ...{ user: 'alice', groups: ['g'], uid: 'u', extra: { scopes: ['s'] } },
        resourceAttributes: {
          namespace: FUZZ_NAMESPACE,
          verb: 'get',
          resource: 'pods',
          group: '',
          name: 'a',
        },
      },
    },
  },
];
