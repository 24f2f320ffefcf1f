import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../../testing/test-api.ts';

/** Each test is named after the upstream conformance test whose behaviour it holds. */
let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

test('[sig-api-machinery] server version should find the server version [Conformance]', async (t) => {
  const { json } = await api.send({ path: '/version' });
  t.regex(json.major, /^\d+$/);
  t.regex(json.minor, /^\d+$/);
});

test('[sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]', async (t) => {
  const { json } = await api.send({ path: '/apis' });
  t.true(json.groups.length > 3);
  for (const group of json.groups as TestObject[]) {
    const one = await api.send({ path: `/apis/${group.name}` });
    t.is(one.code, 200, group.name);
    const versions = one.json.versions.map((each: TestObject) => each.groupVersion);
    t.true(versions.includes(one.json.preferredVersion.groupVersion), group.name);
  }
});

test('[sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]', async (t) => {
  const { json } = await api.send({ path: '/apis' });
  for (const group of json.groups as TestObject[]) {
    const { groupVersion } = group.preferredVersion;
    const list = await api.send({ path: `/apis/${groupVersion}` });
    t.is(list.json.groupVersion, groupVersion);
    t.true(list.json.resources.length > 0, groupVersion);
  }
});

test('[sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]', async (t) => {
  for (const version of ['v2', 'v2beta1']) {
    for (const path of ['/api', '/apis']) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      const { json, headers } = await api.send({ path, headers: { accept } });
      t.is(json.kind, 'APIGroupDiscoveryList');
      t.is(json.apiVersion, `apidiscovery.k8s.io/${version}`);
      t.is(headers['content-type'], accept);
    }
  }
});

test('[sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]', async (t) => {
  const found = new Set<string>();
  for (const path of ['/api', '/apis']) {
    const { json } = await api.send({ path, headers: { accept: AGGREGATED } });
    for (const { metadata, versions } of json.items as TestObject[]) {
      for (const { version, resources } of versions as TestObject[]) {
        for (const { resource } of resources as TestObject[])
          found.add(`${metadata.name ?? ''}/${version}/${resource}`);
      }
    }
  }
  for (const wanted of [
    '/v1/namespaces',
    '/v1/configmaps',
    '/v1/secrets',
    '/v1/serviceaccounts',
    '/v1/resourcequotas',
    'coordination.k8s.io/v1/leases',
    'rbac.authorization.k8s.io/v1/clusterroles',
    'authorization.k8s.io/v1/selfsubjectaccessreviews',
    'holt.dev/v1alpha1/uservms',
  ]) {
    t.true(found.has(wanted), wanted);
  }
});

test('[sig-api-machinery] Servers with support for Table transformation should return a 406 for a backend which does not implement metadata [Conformance]', async (t) => {
  const { code, json } = await api.send({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { verb: 'list', resource: 'namespaces' } },
    },
  });
  t.is(code, 406);
  t.is(json.reason, 'NotAcceptable');
});

test('[sig-auth] SelfSubjectReview should support SelfSubjectReview API operations [Conformance]', async (t) => {
  const { code, json } = await api.send({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  t.is(code, 201);
  t.is(json.status.userInfo.username, 'holt-admin');
  t.true(json.status.userInfo.groups.includes('system:authenticated'));
});

test('[sig-api-machinery] Discovery should accurately determine present and missing resources [Conformance]', async (t) => {
  const has = async (groupVersion: string, plural: string): Promise<boolean> => {
    const { code, json } = await api.send({ path: groupVersion });
    return code === 200 && json.resources.some(({ name }: TestObject) => name === plural);
  };
  t.true(await has('/api/v1', 'namespaces'));
  t.true(await has('/apis/holt.dev/v1alpha1', 'uservms'));
  t.false(await has('/apis/holt.dev/v1alpha1', 'nothing'));
  t.false(await has('/apis/holt.dev/v9', 'uservms'));
  t.false(await has('/apis/nothing.example.com/v1', 'uservms'));
});

test('[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]', async (t) => {
  const review = async (kind: string, spec: TestObject, namespace = '') => {
    const scope = namespace === '' ? '' : `namespaces/${namespace}/`;
    const { code, json } = await api.send({
      method: 'POST',
      path: `/apis/authorization.k8s.io/v1/${scope}${kind.toLowerCase()}s`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, metadata: { namespace }, spec },
    });
    t.is(code, 201);
    return json.status.allowed;
  };
  const resourceAttributes = { verb: 'list', resource: 'configmaps', namespace: 'default', version: 'v1' };
  const user = 'system:serviceaccount:default:nobody';
  t.false(await review('SubjectAccessReview', { user, resourceAttributes }));
  t.false(await review('LocalSubjectAccessReview', { user, resourceAttributes }, 'default'));
  t.true(await review('SubjectAccessReview', { user, groups: ['system:masters'], resourceAttributes }));
  t.true(await review('SelfSubjectAccessReview', { resourceAttributes }));
});
