import assert from 'node:assert/strict';
import test from 'ava';
import { ApiClient } from '../../api/client/index.ts';
import { startTestApi, type TestApi } from '../../api/testing/test-api.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../crds/uservm/definition.ts';
import { Edge } from './testing/edge.ts';
import { eventually } from './testing/eventually.ts';
import { fakeContainer, fakeUserVm, readyCondition } from './testing/fake-route-source.ts';
import { HttpClient, readEcho } from './testing/http-client.ts';
import { RouterProcess } from './testing/router-process.ts';

const ALICE = '10.66.4.4';
const SWITCHES = 60;
/** Answers of the old route before a switch counts as lost. */
const ASKED_MAX = 5000;
const alice = { namespace: 'default', name: 'alice' };
const aliceLive = { namespace: 'default', name: 'alice-live' };
let api: TestApi;
let edge: Edge;
let router: RouterProcess;
let client: ApiClient;
let http: HttpClient;
let cookie: string;

test.before(async () => {
  [api, edge] = await Promise.all([startTestApi(), Edge.start()]);
  await edge.network.up(ALICE, 'vm-alice');
  client = await ApiClient.fromKubeconfigFile(api.kubeconfig);
  router = await RouterProcess.start(edge, api.kubeconfig);
  http = new HttpClient(edge.config.ports.router);
  cookie = await edge.cookie('alice');
});

test.after.always(async () => {
  await http?.close();
  await router?.stop();
  await client?.close();
  await Promise.all([api?.dispose(), edge?.stop()]);
});

const get = () => http.send('/', { headers: { cookie } });
const metricsUrl = (path: string) => `http://127.0.0.1:${edge.config.ports.routerMetrics}${path}`;

async function commit(
  definition: typeof userVmDefinition,
  name: typeof alice,
  status: Record<string, unknown> | undefined,
): Promise<void> {
  await client.commitStatus(definition, name, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata: {},
    status: status ?? {},
    events: [],
    reportingComponent: 'test',
    reportingInstance: 'test',
  });
}

test.serial('what is declared and committed at the API is served', async (t) => {
  const { metadata, status, ...userVm } = fakeUserVm({ user: 'alice', ip: ALICE });
  await client.create(userVmDefinition, { ...userVm, metadata: alice });
  await eventually(async () => assert.equal((await get()).headers['x-holt-reason'], 'vm-pending'));
  await commit(userVmDefinition, alice, status);
  await eventually(async () => assert.equal((await get()).headers['x-holt-reason'], 'container-missing'));
  const { metadata: _, status: ready, ...container } = fakeContainer('alice', 'live');
  await client.create(sandboxContainerDefinition, { ...container, metadata: aliceLive });
  await eventually(async () => assert.equal((await get()).headers['x-holt-reason'], 'container-not-ready'));
  await commit(sandboxContainerDefinition, aliceLive, ready);
  await eventually(async () => assert.equal((await get()).status, 200));
  t.is(readEcho(await get()).headers['x-holt-vm-id'], status?.vmId);
  t.is(metadata.name, alice.name);
});

test.serial('from commit to the first answer of the new route', async (t) => {
  const times: number[] = [];
  for (let i = 0; i < SWITCHES; i++) {
    const isReady = i % 2 === 1;
    await commit(sandboxContainerDefinition, aliceLive, { conditions: readyCondition(isReady) });
    const committedMs = performance.now();
    for (let asked = 0; (await get()).status !== (isReady ? 200 : 503); asked++) assert.ok(asked < ASKED_MAX);
    times.push(performance.now() - committedMs);
  }
  times.sort((a, b) => a - b);
  const quantile = (q: number) => `${times[Math.floor(q * (SWITCHES - 1))]?.toFixed(1)} ms`;
  t.log(`p50 ${quantile(0.5)}, p95 ${quantile(0.95)}, p99 ${quantile(0.99)}`);
  t.pass();
});

test.serial('health, metrics and log lines say what happened', async (t) => {
  const health = await fetch(metricsUrl('/healthz'));
  t.is(await health.text(), '[+]informers ok\n[+]haproxy ok\n');
  await eventually(async () => {
    const metrics = await (await fetch(metricsUrl('/metrics'))).text();
    assert.match(metrics, /holt_router_routes\{route="live",state="ready"\} 1/);
    assert.match(
      metrics,
      /holt_router_route_transitions_total\{route="live",from="container-not-ready",to="ready"\} \d+/,
    );
    assert.match(metrics, /holt_router_requests_total\{route="live",code="2xx",reason=""\} \d+/);
    assert.match(metrics, /holt_router_first_requests_total\{route="live"\} 1/);
    assert.match(metrics, /holt_router_unreadable_log_lines_total 0/);
  });
  const find = (event: string) => router.lines.filter((line) => line.event === event);
  const names = { vm_id: 'vm-alice', container_name: 'alice-live' };
  t.true(find('RouteTransition').some((line) => line.to === 'ready' && line.vm_id === names.vm_id));
  t.is(find('FirstRequest').length, 1);
  t.like(find('FirstRequest')[0], { ...names, user: 'alice', boot_id: 'boot-alice' });
  const request = router.lines.find((line) => line.msg === 'request' && line.status === 200);
  t.like(request, { ...names, method: 'GET', path: '/' });
  t.regex(String(request?.traceparent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
});

test.serial('the API goes away: what serves goes on serving, over a router restart too', async (t) => {
  await api.etcd.kill();
  t.is((await get()).status, 200);
  t.is(await router.stop(), 0);
  t.is((await get()).status, 200);
  router = await RouterProcess.start(edge, api.kubeconfig);
  await eventually(async () => {
    const health = await fetch(metricsUrl('/healthz'));
    assert.equal(health.status, 503);
    assert.match(await health.text(), /\[-\]informers failed: .*last-known table.*\n\[\+\]haproxy ok/);
  });
  t.is((await get()).status, 200);
  await api.etcd.start();
  await eventually(async () => assert.equal((await fetch(metricsUrl('/healthz'))).status, 200), 30_000);
  await commit(sandboxContainerDefinition, aliceLive, { conditions: readyCondition(false) });
  await eventually(async () => assert.equal((await get()).headers['x-holt-reason'], 'container-not-ready'));
});

test.serial('a port that is taken ends it with one clear line', async (t) => {
  const second = await RouterProcess.start(edge, api.kubeconfig);
  t.is(await second.exitCode(), 1);
  t.regex(
    second.stderr,
    new RegExp(`^holt-router: port ${edge.config.ports.routerLog} on 127.0.0.1 is taken; .*\n$`),
  );
});
