import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type AuditRule, DEFAULT_AUDIT_RULES } from '../../../lib/audit-rule.ts';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { AuditFile } from './audit-file.ts';
import { auditLevel } from './policy.ts';

const lines: TestObject[] = [];
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const RULES: readonly AuditRule[] = [
  { level: 'RequestResponse', resources: [{ group: '', resources: ['*', 'serviceaccounts/*'] }] },
  { level: 'RequestResponse', verbs: ['create'] },
  ...DEFAULT_AUDIT_RULES,
];

let api: TestApi;

test.before(async () => {
  const sink = { write: (line: string) => void lines.push(JSON.parse(line)), close: async () => {} };
  api = await startTestApi({ server: { audit: { rules: RULES, sink } } });
});
test.after.always(() => api?.dispose());

/** The events of a request, once its last one is there. */
async function eventsOf(auditId: unknown): Promise<TestObject[]> {
  const found = () => lines.filter((line) => line.auditID === auditId);
  await waitUntil('the audit event', async () => found().some((line) => line.stage === 'ResponseComplete'));
  return found();
}

test('a write is told with who, what, from where, when, both bodies and why it was allowed', async (t) => {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'told' }, data: { a: '1' } };
  const headers = {
    'audit-id': 'mine-1',
    'user-agent': 'tester',
    'impersonate-user': 'jane',
    'impersonate-group': 'system:masters',
  };
  const answer = await api.send({ method: 'POST', path: CONFIG_MAPS, body, headers });
  t.is(answer.code, 201);
  t.is(answer.headers['audit-id'], 'mine-1');
  const [event, ...more] = await eventsOf('mine-1');
  t.deepEqual(more, []);
  t.like(event, {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    stage: 'ResponseComplete',
    requestURI: CONFIG_MAPS,
    verb: 'create',
    user: { username: 'holt-admin', groups: ['system:masters', 'system:authenticated'] },
    impersonatedUser: { username: 'jane' },
    sourceIPs: ['127.0.0.1'],
    userAgent: 'tester',
    objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: 201 },
    requestObject: body,
    annotations: { 'authorization.k8s.io/decision': 'allow', 'authorization.k8s.io/reason': '' },
  });
  t.is(event.responseObject.metadata.uid, answer.json.metadata.uid);
  t.regex(event.requestReceivedTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
});

test('what is refused is told with its reason; nobody is somebody without a name', async (t) => {
  const refused = await api.send({ path: `${CONFIG_MAPS}/x`, as: 'stranger' });
  t.is(refused.code, 403);
  const [event] = await eventsOf(refused.headers['audit-id']);
  t.is(event.annotations['authorization.k8s.io/decision'], 'forbid');
  t.like(event.responseStatus, { status: 'Failure', reason: 'Forbidden', code: 403 });
  const unknown = await api.send({ path: CONFIG_MAPS, as: null });
  const [nobody] = await eventsOf(unknown.headers['audit-id']);
  t.deepEqual(nobody.user, {});
  t.is(nobody.responseStatus.code, 401);
});

test('secrets and tokens are told without bodies, whatever the rules say', async (t) => {
  const path = '/api/v1/namespaces/default/secrets';
  const body = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'quiet' },
    stringData: { key: 'hush-1' },
  };
  const made = await api.send({ method: 'POST', path, body });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'quiet' } };
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await api.send({ method: 'POST', path: accounts, body: account });
  const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
  const token = await api.send({ method: 'POST', path: `${accounts}/quiet/token`, body: tokenRequest });
  const review = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token: token.json.status.token },
  };
  const reviewed = await api.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/tokenreviews',
    body: review,
  });
  for (const { code, headers } of [made, token, reviewed]) {
    t.is(code, 201);
    const [event] = await eventsOf(headers['audit-id']);
    t.is(event.level, 'Metadata');
  }
  const whole = JSON.stringify(lines);
  t.false(whole.includes('hush-1') || whole.includes(Buffer.from('hush-1').toString('base64')));
  t.false(whole.includes(token.json.status.token));
});

test('a watch is told when it starts and when it ends', async (t) => {
  const watch = api.watch(`${CONFIG_MAPS}?watch=true`, { 'audit-id': 'watch-1' });
  await waitUntil('its start', async () => lines.some((line) => line.auditID === 'watch-1'));
  watch.close();
  const events = await eventsOf('watch-1');
  t.deepEqual(
    events.map(({ stage, verb }) => [stage, verb]),
    [
      ['ResponseStarted', 'watch'],
      ['ResponseComplete', 'watch'],
    ],
  );
});

test('by default writes and reads of secrets are told; health, heartbeats and other reads are not', (t) => {
  const base = {
    group: '',
    version: 'v1',
    subresource: '',
    namespace: 'default',
    name: 'a',
    isResource: true,
    path: '',
  };
  const user = { name: 'jane', groups: [] };
  const level = (info: object) =>
    auditLevel(DEFAULT_AUDIT_RULES, user, { ...base, verb: 'get', resource: 'configmaps', ...info });
  t.is(level({}), 'None');
  t.is(level({ verb: 'patch' }), 'Metadata');
  t.is(level({ resource: 'secrets' }), 'Metadata');
  t.is(level({ verb: 'update', group: 'coordination.k8s.io', resource: 'leases' }), 'None');
  t.is(level({ verb: 'delete', group: 'coordination.k8s.io', resource: 'leases' }), 'Metadata');
  t.is(level({ isResource: false, resource: '', path: '/livez' }), 'None');
  const saved = {
    ...base,
    verb: 'update',
    resource: 'configmaps',
    namespace: 'kube-system',
    name: 'holt-event-relay',
  };
  const manager = { name: 'system:holt-manager', groups: [] };
  t.is(auditLevel(DEFAULT_AUDIT_RULES, manager, saved), 'None', 'a save of the relay');
  t.is(auditLevel(DEFAULT_AUDIT_RULES, user, saved), 'Metadata', 'somebody else moves its cursor');
  t.is(auditLevel(DEFAULT_AUDIT_RULES, manager, { ...saved, name: 'other' }), 'Metadata');
  const only = (rule: Omit<AuditRule, 'level'>, info: object = {}) =>
    auditLevel([{ level: 'Request', ...rule }], user, {
      ...base,
      verb: 'get',
      resource: 'nodes',
      subresource: 'status',
      ...info,
    });
  t.is(only({ users: ['joe'] }), 'None');
  t.is(only({ userGroups: ['admins'] }), 'None');
  t.is(only({ namespaces: ['kube-system'] }), 'None');
  t.is(only({ resources: [{ group: '', resources: ['nodes'] }] }), 'None');
  t.is(only({ resources: [{ group: '', resources: ['nodes/*'] }] }), 'Request');
  t.is(only({ resources: [{ group: '', resources: ['*/status'] }] }), 'Request');
  t.is(only({ resources: [{ group: '', resourceNames: ['b'] }] }), 'None');
  t.is(only({ nonResourceURLs: ['/a*'] }, { isResource: false, path: '/api' }), 'Request');
});

test('the file is set aside by size, so many are kept, and what cannot be written is counted', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-audit-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const dropped: [number, string][] = [];
  const open = (path: string, queueBytesMax?: number) =>
    new AuditFile({
      path,
      fileBytes: 100,
      filesMax: 2,
      ...(queueBytesMax === undefined ? {} : { queueBytesMax }),
      onDropped: (count, reason) => dropped.push([count, reason]),
    });
  for (let n = 0; n < 5; n += 1) {
    const file = open(join(dir, 'audit.log'));
    file.write(`${n}`.repeat(80));
    await file.close();
  }
  t.deepEqual((await readdir(dir)).sort(), ['audit.log', 'audit.log.1', 'audit.log.2']);
  t.regex(await readFile(join(dir, 'audit.log'), 'utf8'), /^4+\n$/);
  t.regex(await readFile(join(dir, 'audit.log.2'), 'utf8'), /^2+\n$/);
  const small = open(join(dir, 'small.log'), 10);
  small.write('12345');
  small.write('123456789');
  await small.close();
  t.is(await readFile(join(dir, 'small.log'), 'utf8'), '12345\n');
  await writeFile(join(dir, 'file'), '');
  const broken = open(join(dir, 'file', 'audit.log'));
  broken.write('a');
  await broken.close();
  t.deepEqual(dropped, [
    [1, 'queue-full'],
    [1, 'write-failed'],
  ]);
});
