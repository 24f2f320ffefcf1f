/*
 * Who may do what, written down by hand and apart from the roles: the other half of the access matrix test.
 * Letters: Get, List, Watch, Create, Update, Patch, Delete, X deletecollection, Impersonate, Bind, Escalate.
 */

/** The letter of each verb. */
export const VERB_LETTERS = {
  get: 'G',
  list: 'L',
  watch: 'W',
  create: 'C',
  update: 'U',
  patch: 'P',
  delete: 'D',
  deletecollection: 'X',
  impersonate: 'I',
  bind: 'B',
  escalate: 'E',
} as const;

export type Verb = keyof typeof VERB_LETTERS;

/** What is allowed on one resource or subresource; each column adds to those before it. */
interface Row {
  readonly view?: string;
  readonly edit?: string;
  readonly admin?: string;
  readonly everybody?: string;
  /** Controllers of holt-manager, by the last part of their roles' names. */
  readonly controllers?: Readonly<Record<string, string>>;
  /** Beyond what it may do to everything: read, change and delete one by one. */
  readonly collector?: string;
  readonly router?: string;
  readonly delegator?: string;
  /** A node, whosever the object is. */
  readonly node?: string;
  /** A node, where the object is its own or bound to it; a collection, where it is narrowed to what is. */
  readonly own?: string;
}

const READ = 'GLW';
const WRITE = 'CUPDX';
const SEE = 'LW';
const COLLECTOR = 'GLWUPD';

/** By `group/plural` or `group/plural/subresource`; the core group is empty. */
export const ROWS: Readonly<Record<string, Row>> = {
  '/configmaps': {
    view: READ,
    edit: WRITE,
    controllers: { 'namespace-defaults': 'C', 'event-relay-cursor': 'C' },
  },
  '/events': {
    view: READ,
    edit: WRITE,
    collector: 'C',
    node: 'C',
    controllers: { 'event-retention': 'LD', 'event-relay': SEE },
  },
  '/limitranges': { view: READ },
  '/namespaces': { view: READ, controllers: { 'namespace-controller': SEE, 'namespace-defaults': SEE } },
  '/namespaces/finalize': { controllers: { 'namespace-controller': 'U' } },
  '/namespaces/status': { view: READ },
  '/namespaces/commit': { controllers: { 'namespace-controller': 'C' } },
  '/nodes': { node: 'C', own: 'GLWUP', controllers: { placement: SEE, 'node-controller': SEE } },
  '/nodes/status': { own: 'GLWUP' },
  '/nodes/commit': { own: 'GLWUPC', controllers: { 'node-controller': 'C' } },
  '/pods': { view: READ },
  '/pods/attach': { edit: 'CG' },
  '/pods/exec': { edit: 'CG' },
  '/pods/log': { view: READ },
  '/pods/portforward': { edit: 'CG' },
  '/resourcequotas': { view: READ, controllers: { 'resourcequota-controller': 'G' } },
  '/resourcequotas/status': { view: READ },
  '/resourcequotas/commit': { controllers: { 'resourcequota-controller': 'C' } },
  '/secrets': { edit: READ + WRITE },
  '/serviceaccounts': { view: READ, edit: `${WRITE}I`, controllers: { 'namespace-defaults': 'C' } },
  '/serviceaccounts/token': { edit: 'C' },
  '/services': { view: READ, edit: WRITE, controllers: { 'api-service': 'C' } },
  '/services/status': { view: READ },
  '/services/commit': {},
  'admissionregistration.k8s.io/validatingadmissionpolicies': {},
  'admissionregistration.k8s.io/validatingadmissionpolicies/status': {},
  'admissionregistration.k8s.io/validatingadmissionpolicies/commit': {},
  'admissionregistration.k8s.io/validatingadmissionpolicybindings': {},
  'apiextensions.k8s.io/customresourcedefinitions': {},
  'apiextensions.k8s.io/customresourcedefinitions/status': {},
  'apiextensions.k8s.io/customresourcedefinitions/commit': {},
  'authentication.k8s.io/selfsubjectreviews': { everybody: 'C' },
  'authentication.k8s.io/tokenreviews': { delegator: 'C' },
  'authorization.k8s.io/localsubjectaccessreviews': { admin: 'C' },
  'authorization.k8s.io/selfsubjectaccessreviews': { everybody: 'C' },
  'authorization.k8s.io/selfsubjectrulesreviews': { everybody: 'C' },
  'authorization.k8s.io/subjectaccessreviews': { delegator: 'C' },
  'coordination.k8s.io/leases': {
    edit: READ + WRITE,
    controllers: { 'leader-election': 'C', 'node-heartbeats': READ },
  },
  'holt.dev/guestimages': { view: READ, node: READ, controllers: { 'guest-image-rollout': READ } },
  'holt.dev/guestimages/status': { view: READ, node: 'GUP' },
  'holt.dev/guestimages/commit': { node: 'C', controllers: { 'guest-image-rollout': 'C' } },
  'holt.dev/sandboxcontainers': {
    view: READ,
    edit: WRITE,
    router: SEE,
    own: 'GLWUP',
    controllers: {
      'container-binding': 'LWP',
      'guest-image-rollout': SEE,
      'ttl-after-finished-controller': 'LWD',
    },
  },
  'holt.dev/sandboxcontainers/attach': { edit: 'CG' },
  'holt.dev/sandboxcontainers/exec': { edit: 'CG' },
  'holt.dev/sandboxcontainers/log': { view: 'G' },
  'holt.dev/sandboxcontainers/portforward': { edit: 'CG' },
  'holt.dev/sandboxcontainers/status': { view: READ, own: 'GUP' },
  'holt.dev/sandboxcontainers/commit': { own: 'C', controllers: { 'container-binding': 'C' } },
  'holt.dev/uservms': {
    view: READ,
    edit: WRITE,
    router: SEE,
    own: 'GLWUP',
    controllers: {
      placement: SEE,
      'container-binding': READ,
      'guest-image-rollout': SEE,
      'snapshot-binding': SEE,
    },
  },
  'holt.dev/uservms/status': { view: READ, own: 'GUP' },
  'holt.dev/uservms/wake': { router: 'C' },
  'holt.dev/uservms/commit': { own: 'C', controllers: { placement: 'C', 'guest-image-rollout': 'C' } },
  'holt.dev/volumesnapshots': {
    view: READ,
    edit: WRITE,
    own: 'GLWUP',
    controllers: { 'snapshot-binding': SEE },
  },
  'holt.dev/volumesnapshots/status': { view: READ, own: 'GUP' },
  'holt.dev/volumesnapshots/commit': { own: 'C', controllers: { 'snapshot-binding': 'C' } },
  'rbac.authorization.k8s.io/clusterrolebindings': {},
  'rbac.authorization.k8s.io/clusterroles': {},
  'rbac.authorization.k8s.io/rolebindings': { admin: READ + WRITE },
  'rbac.authorization.k8s.io/roles': { admin: READ + WRITE },
};

function controllerRoles(...names: readonly string[]): Record<string, (row: Row) => string> {
  return Object.fromEntries(
    names.map((name) => [`system:controller:${name}`, ({ controllers }: Row) => controllers?.[name] ?? '']),
  );
}

/** What each bootstrap role adds to what everybody may. */
export const ROLES: Readonly<Record<string, (row: Row) => string>> = {
  'cluster-admin': () => Object.values(VERB_LETTERS).join(''),
  admin: ({ view = '', edit = '', admin = '' }) => view + edit + admin,
  edit: ({ view = '', edit = '' }) => view + edit,
  view: ({ view = '' }) => view,
  'system:aggregate-to-admin': ({ admin = '' }) => admin,
  'system:aggregate-to-edit': ({ edit = '' }) => edit,
  'system:aggregate-to-view': ({ view = '' }) => view,
  'system:auth-delegator': ({ delegator = '' }) => delegator,
  'system:basic-user': () => '',
  'system:discovery': () => '',
  'system:monitoring': () => '',
  'system:public-info-viewer': () => '',
  'system:service-account-issuer-discovery': () => '',
  'system:controller:generic-garbage-collector': ({ collector = '' }) => COLLECTOR + collector,
  'holt:controller-accounts': () => '',
  'holt:leader-election': ({ controllers }) => controllers?.['leader-election'] ?? '',
  ...controllerRoles(
    'placement',
    'container-binding',
    'guest-image-rollout',
    'ttl-after-finished-controller',
    'snapshot-binding',
    'node-controller',
    'node-heartbeats',
    'namespace-defaults',
  ),
  ...controllerRoles('api-service', 'event-retention', 'event-relay', 'event-relay-cursor'),
  'system:controller:resourcequota-controller': ({ controllers }) =>
    SEE + (controllers?.['resourcequota-controller'] ?? ''),
  // Whatever is in a namespace that ends goes with it.
  'system:controller:namespace-controller': ({ controllers }) =>
    `LD${controllers?.['namespace-controller'] ?? ''}`,
  'holt:router': ({ router = '' }) => router,
};

/** What nodes add, about objects of others and about their own. */
export const NODES = {
  others: ({ node = '' }: Row) => node,
  own: ({ node = '', own = '' }: Row) => node + own,
} as const;

/**
 * Roles that may get a path, besides those who may do everything; `everybody` for all
 * with a name, `anybody` for those without one too.
 */
export const PATHS: Readonly<Record<string, readonly string[]>> = {
  '/api': ['everybody'],
  '/api/v1': ['everybody'],
  '/apis': ['everybody'],
  '/apis/holt.dev/v1alpha1': ['everybody'],
  '/openapi/v2': ['everybody'],
  '/openapi/v3': ['everybody'],
  '/openapi/v3/api/v1': ['everybody'],
  '/version': ['anybody'],
  '/healthz': ['anybody'],
  '/livez': ['anybody'],
  '/readyz': ['anybody'],
  '/metrics': ['system:monitoring'],
  '/.well-known/openid-configuration': ['system:service-account-issuer-discovery'],
  '/openid/v1/jwks': ['system:service-account-issuer-discovery'],
  '/logs': [],
};
