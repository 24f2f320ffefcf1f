import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

/** The requests that well-known clients make, as their sources have them, and what they rely on in the answers. */
let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const APPLY = { 'content-type': 'application/apply-patch+yaml' };
const CONDITION = { reason: 'Up', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' };

const vm = (name: string, cpus: number) => ({
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: { user: name, cpus },
});

const withoutServerFields = ({ metadata, ...object }: TestObject): TestObject => {
  const { managedFields: _, resourceVersion: _rv, annotations: _a, ...rest } = metadata;
  return { ...object, metadata: rest };
};

/** Modelled on: fluxcd/pkg ssa/manager_apply.go, ssa/manager_wait.go; sigs.k8s.io/cli-utils/pkg/kstatus */
test('Flux: a dry-run apply shows drift, the apply mends it, the status is waited for', async (t) => {
  const query = '?fieldManager=kustomize-controller&force=true';
  const path = `${VMS}/flux`;
  const apply = (cpus: number, more = '') =>
    api.send({ method: 'PATCH', path: `${path}${query}${more}`, headers: APPLY, body: vm('flux', cpus) });
  t.is((await api.send({ path })).code, 404);
  const tried = await apply(1, '&dryRun=All');
  t.is(tried.code, 201);
  t.is(tried.json.metadata.resourceVersion, undefined);
  t.is((await apply(1)).code, 201);
  const live = (await api.send({ path })).json;
  const unchanged = await apply(1, '&dryRun=All');
  t.deepEqual(withoutServerFields(unchanged.json), withoutServerFields(live), 'no drift');
  await api.send({
    method: 'PATCH',
    path: `${path}?fieldManager=kubectl-edit`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec: { cpus: 4 } },
  });
  t.is((await apply(1, '&dryRun=All')).json.spec.cpus, 1, 'drift is seen');
  const mended = (await apply(1)).json;
  t.is(mended.spec.cpus, 1);
  // Fields of other managers are taken over by a JSON patch of managedFields that is bound to the revision.
  const taken = mended.metadata.managedFields.filter(
    ({ manager }: TestObject) => manager === 'kustomize-controller',
  );
  const patch = [
    { op: 'replace', path: '/metadata/managedFields', value: taken },
    { op: 'replace', path: '/metadata/resourceVersion', value: mended.metadata.resourceVersion },
  ];
  const headers = { 'content-type': 'application/json-patch+json' };
  const owned = await api.send({
    method: 'PATCH',
    path: `${path}?fieldManager=kustomize-controller`,
    headers,
    body: patch,
  });
  t.is(owned.code, 200);
  t.is(owned.json.metadata.managedFields.length, 1);
  const stale = await api.send({
    method: 'PATCH',
    path,
    headers,
    body: [
      { op: 'add', path: '/metadata/labels/x', value: 'y' },
      { ...patch[1], value: '1' },
    ],
  });
  t.is(stale.code, 409);
  const { generation } = owned.json.metadata;
  const status = {
    phase: 'Running',
    observedGeneration: generation,
    conditions: [{ type: 'Ready', status: 'True', observedGeneration: generation, ...CONDITION }],
  };
  const told = await api.send({
    method: 'PATCH',
    path: `${path}/status`,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status },
  });
  t.is(told.json.status.observedGeneration, told.json.metadata.generation);
  const immutable = await api.send({
    method: 'PATCH',
    path: `${path}${query}&dryRun=All`,
    headers: APPLY,
    body: { ...vm('flux', 1), spec: { user: 'other' } },
  });
  t.is(
    immutable.code,
    422,
    'what cannot be changed is 422: it is deleted and made anew where that is wished',
  );
  t.regex(immutable.json.message, /immutable/);
  const gone = await api.send({
    method: 'DELETE',
    path,
    body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' },
  });
  t.is(gone.code, 200);
});

async function listableResources(): Promise<{ path: string; gvk: TestObject }[]> {
  const found: { path: string; gvk: TestObject }[] = [];
  const groups: TestObject[] = (await api.send({ path: '/apis' })).json.groups;
  const versions = [
    'api/v1',
    ...groups.map(({ preferredVersion }) => `apis/${preferredVersion.groupVersion}`),
  ];
  for (const version of versions) {
    const { json } = await api.send({ path: `/${version}` });
    for (const { name, kind, verbs } of json.resources as TestObject[]) {
      if (!verbs.includes('list') || !verbs.includes('watch') || name.includes('/')) continue;
      const [, ...groupVersion] = version.split('/');
      found.push({
        path: `/${version}/${name}`,
        gvk: { group: groupVersion.length > 1 ? groupVersion[0] : '', version: groupVersion.at(-1), kind },
      });
    }
  }
  return found;
}

/** Modelled on: argoproj/gitops-engine pkg/cache/cluster.go, pkg/utils/kube/kube.go */
test('Argo CD: everything that discovery says can be listed and watched is, page by page, and typed in OpenAPI v2', async (t) => {
  const { major, minor } = (await api.send({ path: '/version' })).json;
  t.regex(`${major}.${minor}`, /^\d+\.\d+$/);
  const { definitions } = (await api.send({ path: '/openapi/v2' })).json;
  const typed = new Set(
    Object.values(definitions as TestObject).flatMap((definition: TestObject) =>
      (definition['x-kubernetes-group-version-kind'] ?? []).map(
        ({ group, version, kind }: TestObject) => `${group}/${version}/${kind}`,
      ),
    ),
  );
  const resources = await listableResources();
  t.true(resources.length > 15);
  for (const { path, gvk } of resources) {
    t.true(typed.has(`${gvk.group}/${gvk.version}/${gvk.kind}`), path);
    const { code, json } = await api.send({ path: `${path}?limit=500` });
    t.is(code, 200, path);
    t.is(json.kind, `${gvk.kind}List`);
    const { resourceVersion } = json.metadata;
    const watch = api.watch(
      `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`,
    );
    await waitUntil(`the watch of ${path}`, async () => watch.code() !== 0);
    t.is(watch.code(), 200, path);
    watch.close();
  }
});

/** Modelled on: hashicorp/terraform-provider-kubernetes manifest/provider/plan.go, apply.go, manifest/openapi */
test('Terraform: types by group, version and kind; the plan is an apply that is only tried; a conflict names its fields', async (t) => {
  const { definitions, swagger } = (
    await api.send({ path: '/openapi/v2', headers: { accept: 'application/json' } })
  ).json;
  t.is(swagger, '2.0');
  const [name, type]: [string, TestObject] = Object.entries(definitions as TestObject).find(
    ([, definition]) =>
      ((definition as TestObject)['x-kubernetes-group-version-kind'] ?? []).some(
        ({ kind }: TestObject) => kind === 'UserVM',
      ),
  ) as [string, TestObject];
  t.is(name, 'dev.holt.v1alpha1.UserVM');
  t.is(type.properties.spec.properties.cpus.type, 'integer');
  t.is(type.properties.metadata.$ref, '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
  t.truthy(definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']);
  const { items } = (await api.send({ path: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions' }))
    .json;
  t.true(
    items.some(
      ({ spec }: TestObject) => spec.names.kind === 'UserVM' && spec.versions[0].schema.openAPIV3Schema,
    ),
  );
  const path = `${VMS}/tf`;
  const apply = (body: TestObject, query: string) =>
    api.send({ method: 'PATCH', path: `${path}?${query}`, headers: APPLY, body });
  const plan = await apply(vm('tf', 1), 'fieldManager=Terraform&dryRun=All');
  t.is(plan.json.spec.memory, '1Gi', 'what the server computes is in the plan');
  t.is((await api.send({ path })).code, 404);
  t.is((await apply(vm('tf', 1), 'fieldManager=Terraform')).code, 201);
  await apply(vm('tf', 2), 'fieldManager=other&force=true');
  const refused = await apply(vm('tf', 1), 'fieldManager=Terraform&dryRun=All');
  t.is(refused.code, 409);
  t.deepEqual(
    refused.json.details.causes.map(({ reason, field }: TestObject) => [reason, field]),
    [['FieldManagerConflict', '.spec.cpus']],
  );
  await api.send({ method: 'DELETE', path });
  t.is((await api.send({ path })).code, 404);
});

/** Modelled on: derailed/k9s internal/client/client.go (CanI), internal/dao/table.go */
test('k9s: it asks what it may, and shows Tables with the whole objects in them', async (t) => {
  t.deepEqual((await api.send({ path: '/api' })).json.versions, ['v1']);
  for (const resource of ['uservms', 'nodes', 'pods']) {
    const spec = {
      resourceAttributes: {
        namespace: 'default',
        verb: 'list',
        group: resource === 'uservms' ? 'holt.dev' : '',
        resource,
        name: '',
      },
    };
    const body = { kind: 'SelfSubjectAccessReview', apiVersion: 'authorization.k8s.io/v1', spec };
    const { code, json } = await api.send({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body,
    });
    t.is(code, 201);
    t.true(json.status.allowed, resource);
  }
  await api.send({ method: 'POST', path: VMS, body: vm('k9s', 2) });
  const accept =
    'application/json;as=Table;v=v1;g=meta.k8s.io, application/json;as=Table;v=v1beta1;g=meta.k8s.io, application/json';
  const { json } = await api.send({ path: `${VMS}?includeObject=Object`, headers: { accept } });
  t.is(json.kind, 'Table');
  const row = json.rows.find(({ object }: TestObject) => object.metadata.name === 'k9s');
  t.is(row.object.kind, 'UserVM');
  t.is(row.object.spec.cpus, 2);
  t.is(row.cells.length, json.columnDefinitions.length);
  const watch = api.watch(
    `${VMS}?watch=true&includeObject=Object&resourceVersion=${json.metadata.resourceVersion}`,
    { accept },
  );
  await api.send({ method: 'DELETE', path: `${VMS}/k9s` });
  const deletion = () =>
    watch.events.find(
      ({ type, object }) => type === 'DELETED' && object.rows[0].object.metadata.name === 'k9s',
    );
  await waitUntil('the deletion as a row', async () => deletion() !== undefined);
  t.is(deletion().object.rows[0].object.spec.cpus, 2);
  watch.close();
});

/** Modelled on: headlamp-k8s/headlamp frontend/src/lib/k8s/apiProxy, backend/pkg/auth */
test('Headlamp: a bearer token, bounded lists, rules, and metrics that are not there', async (t) => {
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  await api.send({
    method: 'POST',
    path: accounts,
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'people' } },
  });
  const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
  const { token } = (await api.send({ method: 'POST', path: `${accounts}/people/token`, body: asked })).json
    .status;
  const headers = { authorization: `Bearer ${token}` };
  const as = null;
  t.is((await api.send({ path: '/version', as })).code, 200);
  t.is((await api.send({ path: '/api/v1/namespaces?limit=100', headers, as })).code, 403);
  const review = {
    kind: 'SelfSubjectRulesReview',
    apiVersion: 'authorization.k8s.io/v1',
    spec: { namespace: 'default' },
  };
  const rules = await api.send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
    headers,
    as,
    body: review,
  });
  t.is(rules.code, 201);
  t.true(Array.isArray(rules.json.status.resourceRules));
  const page = await api.send({ path: '/api/v1/namespaces?limit=2' });
  t.is(page.json.items.length, 2);
  t.truthy(page.json.metadata.continue);
  const metrics = await api.send({ path: '/apis/metrics.k8s.io/v1beta1/nodes' });
  t.is(metrics.code, 404);
  t.is(metrics.text, '404 page not found\n');
  t.is(
    (await api.send({ path: '/api/v1/namespaces', headers: { authorization: 'Bearer no' }, as })).code,
    401,
  );
});
