import { readFile } from 'node:fs/promises';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import test from 'ava';
import { startTestApi, type TestApi } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { NODES, PATHS, ROLES, ROWS, VERB_LETTERS, type Verb } from './testing/access-oracle.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const HOLT = '/apis/holt.dev/v1alpha1';
const VERBS = Object.keys(VERB_LETTERS) as Verb[];

/** A resource or a subresource that the server serves. */
interface Served {
  readonly key: string;
  readonly root: string;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespaced: boolean;
}

/** Somebody who asks, and what the oracle lets them do. */
interface Subject {
  readonly name: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly namespace: string;
  readonly allows: (row: (typeof ROWS)[string]) => string;
  /** The object that is asked about. */
  readonly objectOf: (served: Served) => string;
  /** The node that its collections of what is bound to nodes are narrowed to. */
  readonly narrowedTo?: string;
}

/** One field of the matrix. */
interface Field {
  readonly subject: Subject;
  readonly served: Served;
  readonly verb: Verb;
  readonly expected: boolean;
}

let api: TestApi;
let agent: Agent;
let served: Served[];
let subjects: Subject[];
let fields: Field[];

test.before(async () => {
  api = await startTestApi();
  const file = (name: string) => readFile(join(api.pki.dir, name));
  const [ca, cert, key] = await Promise.all([api.pki.ca(), file('admin.crt'), file('admin.key')]);
  agent = new Agent({ keepAlive: true, maxSockets: 4, ca, cert, key });
  served = await discover();
  subjects = [
    ...(await roleSubjects()),
    ...(await nodeSubjects()),
    stranger('stranger', 'default'),
    { ...stranger('anonymous', 'default', 'system:anonymous'), groups: ['system:unauthenticated'] },
    { ...stranger('superuser', 'default'), groups: ['system:masters'], allows: everything },
  ];
  fields = served.flatMap((one) =>
    subjects.flatMap((subject) =>
      VERBS.map((verb) => ({ subject, served: one, verb, expected: isExpected(subject, one, verb) })),
    ),
  );
});

test.after.always(async () => {
  agent?.destroy();
  await api?.dispose();
});

/** Through a few connections that stay open: the matrix is thousands of requests. */
function send(
  method: string,
  path: string,
  headers: Readonly<Record<string, string | readonly string[]>> = {},
  body?: unknown,
): Promise<{ code: number; text: string }> {
  const bytes = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({
      host: '127.0.0.1',
      port: api.port,
      agent,
      method,
      path,
      headers: {
        ...headers,
        ...(bytes === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(bytes)) }),
      } as Record<string, string>,
    });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ code: response.statusCode ?? 0, text }));
    });
    outgoing.end(bytes);
  });
}

async function discover(): Promise<Served[]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const found: Served[] = [];
  for (const root of ['/api', '/apis']) {
    const { json } = await api.send({ path: root, headers: { accept } });
    for (const { metadata, versions } of json.items) {
      const group = metadata.name ?? '';
      for (const { resource, scope, subresources = [] } of versions[0].resources) {
        const names: string[] = subresources.map((one: { subresource: string }) => one.subresource);
        // Not in discovery, since no client but Holt's own writes a status with its events.
        if (names.includes('status')) names.push('commit');
        for (const subresource of ['', ...names]) {
          found.push({
            key: [group, resource, ...(subresource === '' ? [] : [subresource])].join('/'),
            root: group === '' ? '/api/v1' : `/apis/${group}/${versions[0].version}`,
            group,
            plural: resource,
            subresource,
            namespaced: scope === 'Namespaced',
          });
        }
      }
    }
  }
  return found;
}

const everything = (): string => Object.values(VERB_LETTERS).join('');

function isNode({ groups }: Subject): boolean {
  return groups.includes('system:nodes');
}

function stranger(name: string, namespace: string, user = name): Subject {
  return { name, user, groups: ['system:authenticated'], namespace, allows: () => '', objectOf: () => 'x' };
}

async function create(path: string, body: unknown): Promise<void> {
  const { code, text } = await send('POST', path, {}, body);
  if (code !== 201) throw new Error(`POST ${path}: ${text}`);
}

async function bind(kind: 'ClusterRoleBinding' | 'RoleBinding', user: string, role: string): Promise<void> {
  const path =
    kind === 'RoleBinding' ? `${RBAC}/namespaces/default/rolebindings` : `${RBAC}/clusterrolebindings`;
  await create(path, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: `matrix-${role.replaceAll(':', '-')}` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  });
}

/** Somebody with each bootstrap role everywhere, and with the roles for namespaces in one of them. */
async function roleSubjects(): Promise<Subject[]> {
  const selector = 'labelSelector=kubernetes.io%2Fbootstrapping%3Drbac-defaults';
  const { json } = await api.send({ path: `${RBAC}/clusterroles?${selector}` });
  const found: Subject[] = [];
  for (const { metadata } of json.items) {
    const role: string = metadata.name;
    const allows = ROLES[role];
    if (allows === undefined) throw new Error(`the oracle has no role ${role}`);
    const user = `matrix:${role}`;
    await bind('ClusterRoleBinding', user, role);
    found.push({ ...stranger(role, 'default', user), allows });
  }
  for (const role of ['admin', 'edit', 'view']) {
    const user = `matrix-local:${role}`;
    await bind('RoleBinding', user, role);
    // At home a role holds for what is in the namespace, and for nothing outside of namespaces.
    const allows: Subject['allows'] = (row) => ROLES[role]?.(row) ?? '';
    found.push({ ...stranger(`${role} at home`, 'default', user), allows });
    found.push(stranger(`${role} elsewhere`, 'kube-system', user));
  }
  return found;
}

async function patchStatus(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/merge-patch+json' };
  const patched = await api.send({ method: 'PATCH', path, headers, body });
  if (patched.code !== 200) throw new Error(patched.text);
}

/** A UserVM on each of two nodes, each with a SandboxContainer and a VolumeSnapshot; and the first node asking about both. */
async function nodeSubjects(): Promise<Subject[]> {
  for (const [name, nodeName] of [
    ['mine', 'node-1'],
    ['theirs', 'node-2'],
  ] as const) {
    const apiVersion = 'holt.dev/v1alpha1';
    const path = `${HOLT}/namespaces/default`;
    await create(`${path}/uservms`, { apiVersion, kind: 'UserVM', metadata: { name }, spec: { user: name } });
    const status = { status: { nodeName } };
    await patchStatus(`${path}/uservms/${name}/status`, status);
    await create(`${path}/sandboxcontainers`, {
      apiVersion,
      kind: 'SandboxContainer',
      metadata: { name },
      spec: { vmRef: { name }, role: 'live', source: { image: 'example.com/web:1' } },
    });
    const kind = 'VolumeSnapshot';
    await create(`${path}/volumesnapshots`, {
      ...{ apiVersion, kind, metadata: { name }, spec: { source: { userVMName: name } } },
    });
    await patchStatus(`${path}/volumesnapshots/${name}/status`, { status: { nodeName } });
  }
  const user = 'system:node:node-1';
  const base = { ...stranger('node', 'default', user), groups: ['system:nodes', 'system:authenticated'] };
  const named = (node: string, object: string) => (one: Served) =>
    ['nodes', 'leases'].includes(one.plural) ? node : object;
  return [
    {
      ...base,
      name: 'node about its own',
      allows: NODES.own,
      objectOf: named('node-1', 'mine'),
      narrowedTo: 'node-1',
    },
    { ...base, name: 'node about all', allows: NODES.others, objectOf: named('node-2', 'theirs') },
    {
      ...base,
      name: 'node about others',
      allows: NODES.others,
      objectOf: named('node-2', 'theirs'),
      narrowedTo: 'node-2',
    },
  ];
}

function isCollection(verb: Verb): boolean {
  return verb === 'list' || verb === 'watch' || verb === 'deletecollection' || verb === 'create';
}

function isExpected(subject: Subject, one: Served, verb: Verb): boolean {
  const row = ROWS[one.key];
  if (row === undefined) return false;
  const isOutside = !one.namespaced && one.plural !== 'namespaces';
  const isLocal = subject.name.endsWith('at home') && isOutside;
  const everybody = subject.name === 'anonymous' ? '' : (row.everybody ?? '');
  const letters = everybody + (isLocal ? '' : subject.allows(row));
  return letters.includes(VERB_LETTERS[verb]);
}

/** The name that goes with a verb: none where the request is for a collection. */
function nameFor({ subject, served: one, verb }: Field): string {
  const byName = one.plural === 'nodes' || one.subresource !== '';
  return isCollection(verb) && !byName ? '' : subject.objectOf(one);
}

function fieldSelectorOf({ subject, served: one, verb }: Field): object {
  const isBound = one.group === 'holt.dev' && one.plural !== 'guestimages' && one.subresource === '';
  if (!isBound || !['list', 'watch'].includes(verb) || subject.narrowedTo === undefined) return {};
  return { fieldSelector: { rawSelector: `status.nodeName=${subject.narrowedTo}` } };
}

async function isAllowed(field: Field): Promise<boolean> {
  const { subject, served: one, verb } = field;
  const name = one.plural === 'namespaces' && subject.namespace !== '' ? subject.namespace : nameFor(field);
  const { code, text } = await send(
    'POST',
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    {},
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: subject.user,
        groups: subject.groups,
        resourceAttributes: {
          verb,
          group: one.group,
          resource: one.plural,
          subresource: one.subresource,
          namespace: one.namespaced || one.plural === 'namespaces' ? subject.namespace : '',
          name,
          ...fieldSelectorOf(field),
        },
      },
    },
  );
  if (code !== 201) throw new Error(text);
  return JSON.parse(text).status.allowed;
}

/** Runs over all items, a few at a time. */
async function inBulk<T>(items: readonly T[], visit: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (const item of queue) await visit(item);
    }),
  );
}

function describe({ subject, served: one, verb, expected }: Field): string {
  return `${subject.name} may ${expected ? '' : 'not '}${verb} ${one.key}`;
}

test.serial('the oracle knows every resource and subresource that is served', (t) => {
  t.deepEqual(
    served.map(({ key }) => key).filter((key) => ROWS[key] === undefined),
    [],
  );
});

test.serial('verb x resource x role is as the oracle says, with no gap', async (t) => {
  await waitUntil('the aggregated roles', async () => {
    const { json } = await api.send({ path: `${RBAC}/clusterroles/admin` });
    return JSON.stringify(json.rules ?? []).includes('uservms');
  });
  const wrong: string[] = [];
  await inBulk(fields, async (field) => {
    if ((await isAllowed(field)) !== field.expected) wrong.push(describe(field));
  });
  t.deepEqual(wrong, []);
  t.is(fields.length, served.length * subjects.length * VERBS.length);
});

function mayGet(name: string, roles: readonly string[]): boolean {
  if (name === 'anonymous') return roles.includes('anybody');
  if (name === 'cluster-admin' || name === 'superuser') return true;
  return roles.includes('anybody') || roles.includes('everybody') || roles.includes(name);
}

test.serial('path x role is as the oracle says', async (t) => {
  const wrong: string[] = [];
  for (const [path, roles] of Object.entries(PATHS)) {
    await inBulk(subjects, async ({ name, user, groups }) => {
      const { code, text } = await send(
        'POST',
        '/apis/authorization.k8s.io/v1/subjectaccessreviews',
        {},
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          spec: {
            user,
            groups,
            nonResourceAttributes: { path, verb: 'get' },
          },
        },
      );
      const expected = mayGet(name, roles);
      if (code !== 201 || JSON.parse(text).status.allowed !== expected)
        wrong.push(`${name} ${path}: ${text}`);
    });
  }
  t.deepEqual(wrong, []);
});

const METHODS: Readonly<Partial<Record<Verb, string>>> = {
  get: 'GET',
  list: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

/** The request that is a field of the matrix; undefined for a verb that is no request of its own. */
function requestOf(field: Field): { method: string; path: string } | undefined {
  const { served: one, subject, verb } = field;
  const method = METHODS[verb];
  const isOfCollection = isCollection(verb);
  if (method === undefined || (one.subresource !== '' && isOfCollection && verb !== 'create'))
    return undefined;
  // A request for all namespaces is in none of them; a review may say otherwise.
  if (one.plural === 'namespaces' && isOfCollection && subject.name.endsWith('at home')) return undefined;
  const isReview = one.plural.endsWith('reviews');
  if (isReview && verb !== 'create') return undefined;
  const scope = one.namespaced ? `/namespaces/${subject.namespace}` : '';
  const object = one.plural === 'namespaces' ? subject.namespace : subject.objectOf(one);
  const name = isOfCollection && one.subresource === '' ? '' : `/${object}`;
  const subresource = one.subresource === '' ? '' : `/${one.subresource}`;
  return {
    method,
    path: `${one.root}${scope}/${one.plural}${name}${subresource}?dryRun=All&labelSelector=matrix%3Dnone`,
  };
}

test.serial('real requests are answered as the reviews say', async (t) => {
  // Seven is prime to the number of verbs and of subjects, so that the sample spreads over the whole matrix.
  const sample = fields.filter((field, index) => index % 7 === 0 && requestOf(field) !== undefined);
  const wrong: string[] = [];
  await inBulk(sample, async (field) => {
    const { subject } = field;
    const request = requestOf(field);
    // Whether the object and the body are any good is asked after the right: nodes, whose right hangs on the name
    // in a collection's selector, are asked about by reviews alone there.
    if (request === undefined || (isNode(subject) && isCollection(field.verb))) return;
    const headers = {
      'impersonate-user': subject.user,
      'impersonate-group': subject.groups,
    };
    const body = request.method === 'GET' || request.method === 'DELETE' ? undefined : {};
    const { code, text } = await send(request.method, request.path, headers, body);
    const isRefused = code === 403 && text.includes(' cannot ');
    if (isRefused === field.expected || code >= 500) wrong.push(`${describe(field)}: ${code} ${text}`);
  });
  t.deepEqual(wrong, []);
  t.true(sample.length > 300, `only ${sample.length} requests`);
});
