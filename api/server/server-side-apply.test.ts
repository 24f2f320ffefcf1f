import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const vms = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const MERGE = { 'content-type': 'application/merge-patch+json' };

function vm(name: string, spec: TestObject, metadata: TestObject = {}): TestObject {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name, ...metadata },
    spec: { user: name, ...spec },
  };
}

function apply(path: string, body: unknown, query = 'fieldManager=one') {
  return api.send({ method: 'PATCH', path: `${path}?${query}`, headers: APPLY, body });
}

function mergePatch(path: string, body: unknown, query = '') {
  return api.send({ method: 'PATCH', path: `${path}?${query}`, headers: MERGE, body });
}

/** The managedFields without their times. */
function entriesOf({ json }: { json: TestObject }): TestObject[] {
  return (json.metadata.managedFields ?? []).map(({ time, ...entry }: TestObject) => entry);
}

test('a create is owned by the manager it names, else by the program in the User-Agent', async (t) => {
  const body = vm('create-a', { cpus: 1 }, { labels: { x: 'y' } });
  const created = await api.send({
    method: 'POST',
    path: vms,
    body,
    headers: { 'user-agent': 'kubectl/v1.32.4 (linux/amd64)' },
  });
  t.is(created.code, 201);
  const [entry, ...more] = created.json.metadata.managedFields;
  t.deepEqual(more, []);
  t.regex(entry.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.like(entry, {
    manager: 'kubectl',
    operation: 'Update',
    apiVersion: 'holt.dev/v1alpha1',
    fieldsType: 'FieldsV1',
  });
  t.deepEqual(entry.fieldsV1['f:metadata'], { 'f:labels': { '.': {}, 'f:x': {} } });
  t.deepEqual(entry.fieldsV1['f:spec']['f:cpus'], {});
  const named = await api.send({ method: 'POST', path: `${vms}?fieldManager=me`, body: vm('create-b', {}) });
  t.is(named.json.metadata.managedFields[0].manager, 'me');
});

test('an update moves what it changes to its manager, and one that changes nothing is no write', async (t) => {
  const path = `${vms}/update-a`;
  await api.send({ method: 'POST', path: `${vms}?fieldManager=one`, body: vm('update-a', { cpus: 1 }) });
  const changed = await mergePatch(path, { spec: { cpus: 2 } }, 'fieldManager=two');
  const one = entriesOf(changed).find(({ manager }) => manager === 'one');
  const two = entriesOf(changed).find(({ manager }) => manager === 'two');
  t.is(one?.fieldsV1['f:spec']['f:cpus'], undefined);
  t.deepEqual(two, {
    manager: 'two',
    operation: 'Update',
    apiVersion: 'holt.dev/v1alpha1',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:cpus': {} } },
  });
  const { resourceVersion } = changed.json.metadata;
  const same = await mergePatch(path, { spec: { cpus: 2 } }, 'fieldManager=three');
  t.is(same.json.metadata.resourceVersion, resourceVersion);
  t.deepEqual(same.json.metadata.managedFields, changed.json.metadata.managedFields);
  const put = await api.send({ method: 'PUT', path: `${path}?fieldManager=four`, body: changed.json });
  t.is(put.json.metadata.resourceVersion, resourceVersion);
});

test('status has entries of its own, /commit too', async (t) => {
  const path = `${vms}/status-a`;
  await api.send({ method: 'POST', path: `${vms}?fieldManager=one`, body: vm('status-a', {}) });
  const written = await mergePatch(
    `${path}/status`,
    { status: { phase: 'Booting', observedGeneration: 1 } },
    'fieldManager=c',
  );
  t.deepEqual(
    entriesOf(written).find(({ manager }) => manager === 'c'),
    {
      manager: 'c',
      operation: 'Update',
      apiVersion: 'holt.dev/v1alpha1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:status': { '.': {}, 'f:observedGeneration': {}, 'f:phase': {} } },
      subresource: 'status',
    },
  );
  const commit = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status: { phase: 'Running', observedGeneration: 1 },
    events: [{ type: 'Normal', reason: 'Running', message: 'it runs' }],
    reportingComponent: 'holt-node',
    reportingInstance: 'node-1',
  };
  const committed = await api.send({
    method: 'POST',
    path: `${path}/commit?fieldManager=node`,
    body: commit,
  });
  t.like(
    entriesOf(committed).find(({ manager }) => manager === 'node'),
    {
      fieldsV1: { 'f:status': { 'f:phase': {} } },
      subresource: 'status',
    },
  );
});

test('managedFields may be reset and written; nonsense is passed over', async (t) => {
  const path = `${vms}/reset-a`;
  const created = await api.send({
    method: 'POST',
    path: `${vms}?fieldManager=one`,
    body: vm('reset-a', {}),
  });
  const nonsense = await mergePatch(path, { metadata: { managedFields: [{ operation: 'Nonsense' }] } });
  t.deepEqual(nonsense.json.metadata.managedFields, created.json.metadata.managedFields);
  t.is((await mergePatch(path, { metadata: { managedFields: 'x' } })).code, 400);
  const [entry] = created.json.metadata.managedFields;
  const renamed = await mergePatch(path, { metadata: { managedFields: [{ ...entry, manager: 'renamed' }] } });
  t.deepEqual(renamed.json.metadata.managedFields, [{ ...entry, manager: 'renamed' }]);
  const reset = await mergePatch(path, { metadata: { managedFields: [{}] } });
  t.is(reset.json.metadata.managedFields, undefined);
  const later = await mergePatch(path, { spec: { cpus: 2 } });
  t.is(later.json.metadata.managedFields, undefined);
  const applied = await apply(path, vm('reset-a', { cpus: 3 }), 'fieldManager=two&force=true');
  t.deepEqual(
    entriesOf(applied).map(({ manager, operation }) => [manager, operation]),
    [
      ['two', 'Apply'],
      ['before-first-apply', 'Update'],
    ],
  );
});

test('apply creates, changes, leaves alone, and takes away what nobody else owns', async (t) => {
  const path = `${vms}/apply-a`;
  const created = await apply(
    path,
    vm('apply-a', { cpus: 1, memory: '1Gi' }, { labels: { a: '1', b: '1' } }),
  );
  t.is(created.code, 201);
  t.is(created.json.metadata.managedFields[0].operation, 'Apply');
  t.deepEqual(created.json.metadata.managedFields[0].fieldsV1, {
    'f:metadata': { 'f:labels': { 'f:a': {}, 'f:b': {} } },
    'f:spec': { 'f:cpus': {}, 'f:memory': {}, 'f:user': {} },
  });
  const again = await apply(path, vm('apply-a', { cpus: 1, memory: '1Gi' }, { labels: { a: '1', b: '1' } }));
  t.is(again.code, 200);
  t.deepEqual(again.json, created.json);
  const changed = await apply(path, vm('apply-a', { cpus: 2 }, { labels: { a: '1' } }));
  t.is(changed.json.spec.cpus, 2);
  t.deepEqual(changed.json.metadata.labels, { a: '1' });
  const other = await apply(path, vm('apply-a', { cpus: 2 }, { labels: { c: '1' } }), 'fieldManager=two');
  t.deepEqual(other.json.metadata.labels, { a: '1', c: '1' });
  const left = await apply(path, vm('apply-a', {}));
  t.is(left.json.spec.cpus, 2);
  t.deepEqual(left.json.metadata.labels, { c: '1' });
});

test('applying what others own is a conflict that names each field; force takes it', async (t) => {
  const path = `${vms}/conflict-a`;
  await apply(path, vm('conflict-a', { cpus: 1 }));
  await mergePatch(path, { spec: { cpus: 2 } }, 'fieldManager=edit');
  const one = await apply(path, vm('conflict-a', { cpus: 3 }));
  t.is(one.code, 409);
  t.deepEqual(one.json, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'Apply failed with 1 conflict: conflict with "edit" using holt.dev/v1alpha1: .spec.cpus',
    reason: 'Conflict',
    details: {
      causes: [
        {
          reason: 'FieldManagerConflict',
          message: 'conflict with "edit" using holt.dev/v1alpha1',
          field: '.spec.cpus',
        },
      ],
    },
    code: 409,
  });
  await apply(path, vm('conflict-a', { memory: '1Gi' }), 'fieldManager=two');
  const many = await apply(path, vm('conflict-a', { cpus: 3, memory: '2Gi' }), 'fieldManager=three');
  t.is(
    many.json.message,
    'Apply failed with 2 conflicts: conflicts with "edit" using holt.dev/v1alpha1:\n- .spec.cpus\nconflicts with "two":\n- .spec.memory',
  );
  const forced = await apply(path, vm('conflict-a', { cpus: 3 }), 'fieldManager=one&force=true');
  t.is(forced.code, 200);
  t.false(entriesOf(forced).some(({ manager }) => manager === 'edit'));
});

test('apply to status owns only status; the object has to be there', async (t) => {
  const path = `${vms}/apply-status`;
  const body = { ...vm('apply-status', {}), status: { phase: 'Booting', observedGeneration: 1 } };
  t.is((await apply(`${path}/status`, body)).code, 404);
  const created = await apply(path, body);
  t.is(created.json.status, undefined);
  const applied = await apply(`${path}/status`, body, 'fieldManager=c');
  t.is(applied.json.status.phase, 'Booting');
  t.like(
    entriesOf(applied).find(({ manager }) => manager === 'c'),
    { subresource: 'status', fieldsV1: { 'f:status': { 'f:observedGeneration': {}, 'f:phase': {} } } },
  );
});

test('what cannot be applied', async (t) => {
  const path = `${vms}/wrong-a`;
  const body = vm('wrong-a', {});
  const unnamed = await apply(path, body, '');
  t.is(unnamed.code, 422);
  t.is(
    unnamed.json.message,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  );
  t.regex(
    (await mergePatch(path, {}, 'force=true')).json.message,
    /force: Forbidden: may not be specified for non-apply patch/,
  );
  t.regex(
    (await apply(path, body, `fieldManager=${'x'.repeat(129)}`)).json.message,
    /may not be more than 128 bytes/,
  );
  t.is(
    (await apply(path, vm('wrong-a', {}, { managedFields: [] }))).json.message,
    'metadata.managedFields must be nil',
  );
  const unknown = await apply(path, vm('wrong-a', { cpuz: 1 }));
  t.is(unknown.code, 400);
  t.regex(
    unknown.json.message,
    /failed to create typed patch object \(default\/wrong-a; holt.dev\/v1alpha1, Kind=UserVM\): \.spec\.cpuz: field not declared in schema/,
  );
  t.regex(
    (await apply(path, { ...body, kind: 'Other' })).json.message,
    /invalid object type: holt.dev\/v1alpha1, Kind=Other/,
  );
  t.is((await apply(path, vm('wrong-a', {}, { uid: 'x' }))).code, 409);
  t.regex((await apply(path, vm('other', {}))).json.message, /does not match the name on the URL/);
  const cbor = { 'content-type': 'application/apply-patch+cbor' };
  t.is((await api.send({ method: 'PATCH', path: `${path}?fieldManager=x`, headers: cbor, body })).code, 415);
  t.is((await api.send({ path })).code, 404);
});

test('should detect duplicates in a CR: refused under Strict, a warning under Warn', async (t) => {
  const path = `${vms}/twice-a`;
  const twice =
    '\napiVersion: holt.dev/v1alpha1\nkind: UserVM\nmetadata:\n  name: twice-a\nspec:\n  user: a\n  user: b\n';
  const strict = await apply(path, twice, 'fieldManager=x&fieldValidation=Strict');
  t.is(strict.code, 400);
  t.is(
    strict.json.message,
    'error strict decoding patch: error converting YAML to JSON: yaml: unmarshal errors:\n  line 8: key "user" already set in map',
  );
  const warned = await apply(path, twice, 'fieldManager=x&dryRun=All');
  t.regex(String(warned.headers.warning), /line 8: key \\"user\\" already set in map/);
  t.is(warned.code, 201);
});

test('dry-run applies change nothing; an old resourceVersion loses', async (t) => {
  const path = `${vms}/dry-a`;
  t.is((await apply(path, vm('dry-a', {}), 'fieldManager=one&dryRun=All')).code, 201);
  t.is((await api.send({ path })).code, 404);
  const created = await apply(path, vm('dry-a', {}));
  const dry = await apply(path, vm('dry-a', { cpus: 3 }), 'fieldManager=one&dryRun=All');
  t.is(dry.json.spec.cpus, 3);
  t.deepEqual((await api.send({ path })).json, created.json);
  const stale = await apply(path, vm('dry-a', { cpus: 3 }, { resourceVersion: '1' }));
  t.is(stale.code, 409);
  t.regex(stale.json.message, /the object has been modified/);
});

test('ten managers own by updates; older ones are thrown together', async (t) => {
  const path = `${vms}/cap-a`;
  await api.send({ method: 'POST', path: `${vms}?fieldManager=m-00`, body: vm('cap-a', {}) });
  for (let index = 1; index <= 12; index += 1) {
    const name = `m-${String(index).padStart(2, '0')}`;
    await mergePatch(path, { metadata: { labels: { [name]: 'x' } } }, `fieldManager=${name}`);
  }
  const managers = entriesOf(await api.send({ path })).map(({ manager }) => manager);
  t.is(managers.length, 10);
  t.true(managers.includes('ancient-changes'));
  t.true(managers.includes('m-12'));
});

test('lists with keys: each manager owns its items', async (t) => {
  const path = '/api/v1/namespaces/default/events/owned';
  const event = (owners: TestObject[]) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'owned', namespace: 'default', ownerReferences: owners },
    involvedObject: { namespace: 'default' },
  });
  const owner = (uid: string) => ({ apiVersion: 'v1', kind: 'Node', name: 'n', uid });
  await apply(path, event([owner('a'), owner('b')]));
  const both = await apply(path, event([owner('c')]), 'fieldManager=two');
  t.deepEqual(
    both.json.metadata.ownerReferences.map(({ uid }: TestObject) => uid),
    ['a', 'b', 'c'],
  );
  t.deepEqual(entriesOf(both).find(({ manager }) => manager === 'two')?.fieldsV1['f:metadata'], {
    'f:ownerReferences': { 'k:{"uid":"c"}': {} },
  });
  const less = await apply(path, event([owner('b')]));
  t.deepEqual(
    less.json.metadata.ownerReferences.map(({ uid }: TestObject) => uid),
    ['b', 'c'],
  );
});

test('an object that is being deleted may be applied to; a new finalizer may not come', async (t) => {
  const path = `${vms}/going-a`;
  await apply(path, vm('going-a', {}, { finalizers: ['holt.dev/one'] }));
  await api.send({ method: 'DELETE', path });
  const changed = await apply(path, vm('going-a', { cpus: 2 }, { finalizers: ['holt.dev/one'] }));
  t.is(changed.json.spec.cpus, 2);
  const more = await apply(path, vm('going-a', {}, { finalizers: ['holt.dev/one', 'holt.dev/two'] }));
  t.is(more.code, 422);
  t.is((await apply(path, vm('going-a', {}))).code, 200);
  t.is((await api.send({ path })).code, 404);
});

test('strangers, missing namespaces, what is no configuration, and what nests without end', async (t) => {
  const path = `${vms}/deep-a`;
  t.is((await api.send({ method: 'PATCH', path, headers: APPLY, body: {}, as: 'stranger' })).code, 403);
  const deep = `{"apiVersion":"holt.dev/v1alpha1","kind":"UserVM","spec":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_001)}`;
  t.is((await apply(path, deep)).code, 400);
  t.is((await apply(path, '- a')).code, 400);
  t.is((await apply(path, '{')).code, 400);
  const gone = '/apis/holt.dev/v1alpha1/namespaces/nowhere/uservms/a';
  t.is((await apply(gone, { ...vm('a', {}), metadata: { name: 'a' } })).code, 404);
});

test('of many appliers at once each keeps what it applied', async (t) => {
  const path = `${vms}/many-a`;
  const names = Array.from({ length: 8 }, (_, index) => `m-${index}`);
  const answers = await Promise.all(
    names.map((name) => apply(path, vm('many-a', {}, { labels: { [name]: 'x' } }), `fieldManager=${name}`)),
  );
  t.deepEqual(answers.map(({ code }) => code).toSorted(), [200, 200, 200, 200, 200, 200, 200, 201]);
  const { json } = await api.send({ path });
  t.deepEqual(Object.keys(json.metadata.labels).toSorted(), names);
  t.is(json.metadata.managedFields.length, names.length);
});

test('creating by way of an apply needs the right to create', async (t) => {
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
  const rules = [{ apiGroups: ['holt.dev'], resources: ['uservms'], verbs: ['patch'] }];
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'patcher' },
    rules,
  };
  await apply(`${roles}/roles/patcher`, role);
  await apply(`${roles}/rolebindings/patcher`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'patcher' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'patcher' },
    subjects: [{ kind: 'User', name: 'pat', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await apply(`${vms}/right-a`, vm('right-a', {}));
  const headers = { ...APPLY, 'impersonate-user': 'pat' };
  const asPat = (name: string) =>
    api.send({ method: 'PATCH', path: `${vms}/${name}?fieldManager=pat`, headers, body: vm(name, {}) });
  await waitUntil('the role to hold', async () => (await asPat('right-a')).code === 200);
  const refused = await asPat('right-b');
  t.is(refused.code, 403);
  t.is(
    refused.json.message,
    'uservms.holt.dev "right-b" is forbidden: User "pat" cannot create resource "uservms" in API group "holt.dev" in the namespace "default"',
  );
});
