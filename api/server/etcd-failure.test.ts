import test from 'ava';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

const NAMESPACES = '/api/v1/namespaces';

function namespace(name: string, annotations: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, annotations } };
}

test('without etcd requests fail within seconds and name the remedy; with it all goes on by itself', async (t) => {
  const api: TestApi = await startTestApi();
  t.teardown(() => api.dispose());
  await api.etcd.kill();
  const startMs = performance.now();
  const [read, write] = await Promise.all([
    api.send({ path: NAMESPACES }),
    api.send({ method: 'POST', path: NAMESPACES, body: namespace('late') }),
  ]);
  t.true(performance.now() - startMs < 8_000);
  for (const { code, json, headers } of [read, write]) {
    t.is(code, 503);
    // A client would repeat it unasked, and kubectl would show nothing for a minute.
    t.is(headers['retry-after'], undefined);
    t.is(json.reason, 'ServiceUnavailable');
    t.regex(json.message, /etcd does not answer .* Check that etcd runs/s);
  }
  t.is((await api.send({ path: '/readyz', as: null })).code, 503);
  t.is((await api.send({ path: '/livez', as: null })).code, 200);
  await api.etcd.start();
  await waitUntil('readiness', async () => (await api.send({ path: '/readyz', as: null })).code === 200);
  await waitUntil('writes', async () => {
    const { code } = await api.send({ method: 'POST', path: NAMESPACES, body: namespace('late') });
    return code === 201 || code === 409;
  });
});

test('out of space: reads and deletes work, other writes say what to do', async (t) => {
  const api = await startTestApi({ quotaBytes: 2 * 1024 * 1024 });
  t.teardown(() => api.dispose());
  await api.send({
    method: 'POST',
    path: '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'victim' } },
  });
  let index = 0;
  let refused = await api.send({ path: NAMESPACES });
  await waitUntil('the alarm', async () => {
    const filler = { filler: 'x'.repeat(200_000) };
    refused = await api.send({
      method: 'POST',
      path: NAMESPACES,
      body: namespace(`fill-${index++}`, filler),
    });
    return refused.code !== 201;
  });
  t.is(refused.code, 507);
  t.regex(refused.json.message, /out of space .*compact.*defrag.*alarm disarm/s);
  t.is((await api.send({ path: NAMESPACES })).code, 200);
  const victim = '/apis/coordination.k8s.io/v1/namespaces/default/leases/victim';
  t.is((await api.send({ method: 'DELETE', path: victim })).code, 200);
});
