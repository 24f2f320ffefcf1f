import { readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { Agent } from 'undici';
import { parseConfig } from '../../lib/config.ts';
import { runCommand } from '../../lib/run-command.ts';
import { type FakeOtlpSink, type SinkSpan, startFakeOtlpSink } from '../../lib/testing/fake-otlp-sink.ts';
import { container, toYaml, userVm } from '../harness/declarations.ts';
import { ensure, eventually } from '../harness/eventually.ts';
import { Installation } from '../harness/installation.ts';
import { containerReady, vmReady, whoAmI } from '../harness/observations.ts';

let sink: FakeOtlpSink;
let holt: Installation;
let vmId = '';
const containerName = 'alice-live';

test.before(async (t) => {
  t.timeout(600_000);
  sink = await startFakeOtlpSink();
  holt = new Installation('tel', 21_000, { OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint });
  await holt.up();
  const objects = toYaml([userVm('alice'), container('alice', 'live')]);
  await holt.holt(['apply', '-f', '-'], { input: objects });
  vmId = (await vmReady(holt, 'alice')).status?.vmId ?? '';
  await containerReady(holt, containerName);
  await whoAmI(holt, await holt.cookie('alice'), '/whoami');
});

test.after.always(async (t) => {
  t.timeout(300_000);
  await holt?.down();
  await sink?.close();
});

/** The spans of the one trace that `holt apply` began, in the order in which they began. */
function applyTrace(): readonly SinkSpan[] {
  const root = sink.spans.find(({ service, name }) => service === 'holt-cli' && name === 'holt apply');
  ensure(root !== undefined, 'holt apply is not exported yet');
  return sink.spans
    .filter(({ traceId }) => traceId === root.traceId)
    .toSorted((a, b) => a.startTimeMs - b.startTimeMs);
}

test.serial('one trace leads from apply to the first request, through every process', async (t) => {
  // In the order in which they begin: service and name.
  const way = [
    ['holt-cli', 'holt apply'],
    ['holt-cli', 'apply uservm/alice'],
    ['holt-api', 'POST uservms'],
    ['holt-manager', 'reconcile placement'],
    ['holt-node', 'reconcile uservm'],
    ['holt-node', 'uservm ensureVolume'],
    ['holt-node', 'uservm ensureNetwork'],
    ['holt-node', 'uservm spawnVmm'],
    ['holt-node', 'uservm createVm'],
    ['holt-node', 'uservm bootVm'],
    ['holt-node', 'uservm guestReachable'],
    ['holt-node', 'container create'],
    ['holt-node', 'container start'],
    ['holt-node', 'container set-route'],
    ['holt-router', 'route ready'],
    ['holt-router', 'first-request'],
  ] as const;
  const trace = await eventually('all spans of the way', 20_000, () => {
    const spans = applyTrace();
    const missing = way.filter(
      ([service, name]) => !spans.some((span) => span.service === service && span.name === name),
    );
    ensure(missing.length === 0, `missing: ${missing.join('; ')}; there: ${spans.map(({ name }) => name)}`);
    return spans;
  });
  const first = way.map(([service, name]) =>
    trace.find((span) => span.service === service && span.name === name),
  );
  const byStart = first.toSorted((a, b) => (a?.startTimeMs ?? 0) - (b?.startTimeMs ?? 0));
  t.deepEqual(
    byStart.map((span) => span?.name),
    way.map(([, name]) => name),
  );
  const ids = new Set(trace.map(({ spanId }) => spanId));
  const [root] = trace;
  t.is(root?.parentSpanId, '');
  t.deepEqual(
    trace.filter((span) => span !== root && !ids.has(span.parentSpanId)).map(({ name }) => name),
    [],
    'every other span hangs below one of the trace',
  );
});

test.serial('what belongs to a VM or a container says to which', (t) => {
  const own = /^(reconcile (placement|uservm|sandboxcontainer)|uservm |container |route |first-request)/;
  const ofVm = applyTrace().filter(({ name }) => own.test(name) && name !== 'route vm-pending');
  // A container's first look may come before its VM is known at all.
  const isOther = ({ name, attributes }: SinkSpan) =>
    attributes.vm_id !== vmId && !(name === 'reconcile sandboxcontainer' && attributes.vm_id === undefined);
  t.deepEqual(
    ofVm.filter(isOther).map(({ name, attributes }) => [name, attributes]),
    [],
  );
  const ofContainer = ofVm.filter(({ name }) => /^(reconcile sandbox|container |first-request)/.test(name));
  t.deepEqual([...new Set(ofContainer.map(({ attributes }) => attributes.container_name))], [containerName]);
});

test.serial('a converged system adds no spans', async (t) => {
  await holt.holt(['wait', `sandboxcontainer/${containerName}`, '--for', 'condition=Ready']);
  // Longer than every periodic check: that nothing comes can only be seen by waiting.
  let before = -1;
  await eventually('ten seconds without a span', 60_000, async () => {
    before = sink.spans.length;
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    const fresh = sink.spans.slice(before).map(({ service, name }) => `${service} ${name}`);
    ensure(fresh.length === 0, fresh.join(', '));
  });
  t.is(sink.spans.length, before);
});

test.serial('every process tells Prometheus of itself', async (t) => {
  const { ports } = parseConfig(readFileSync(join(holt.stateDir, 'config.json'), 'utf8'));
  const pki = (file: string) => readFileSync(join(holt.stateDir, 'pki', file));
  const dispatcher = new Agent({
    connect: { ca: pki('ca.crt'), cert: pki('admin.crt'), key: pki('admin.key') },
  });
  const read = async (url: string) => {
    const { body, statusCode } = await dispatcher.request({
      origin: new URL(url).origin,
      path: '/metrics',
      method: 'GET',
    });
    t.is(statusCode, 200, url);
    return body.text();
  };
  t.regex(
    await read(`https://127.0.0.1:${ports.api}`),
    /^holt_api_request_duration_seconds_count\{.*resource="uservms".*\} [1-9]/m,
  );
  t.regex(
    await read(`http://127.0.0.1:${ports.managerMetrics}`),
    /^holt_controller_reconciles_total\{controller="placement".*\} [1-9]/m,
  );
  const node = await read(`http://127.0.0.1:${ports.nodeMetrics}`);
  t.regex(node, /^holt_uservm_step_seconds_count\{step="bootVm"\} [1-9]/m);
  t.regex(node, /^holt_sandbox_containers\{phase="Running"\} 1/m);
  t.regex(
    await read(`http://127.0.0.1:${ports.routerMetrics}`),
    /^holt_router_first_requests_total\{route="live"\} 1/m,
  );
  t.regex(await read(`http://127.0.0.1:${ports.haproxyMetrics}`), /^haproxy_process_/m);
  await dispatcher.close();
});

test.serial('logs name the VM and the container', async (t) => {
  const lines = async (part: string) =>
    (await readFile(join(holt.stateDir, 'logs', `${part}.log`), 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const names = (line: Record<string, unknown>) =>
    line.vm_id === vmId && line.container_name === containerName;
  t.true((await lines('holt-node')).some(names), 'holt-node');
  t.true(
    (await lines('holt-router')).some((line) => line.event === 'FirstRequest' && names(line)),
    'holt-router',
  );
});

test.serial('after down nothing is left', async (t) => {
  t.timeout(300_000);
  await holt.down();
  const { stdout } = await runCommand(['ip', 'netns', 'list']);
  t.false(stdout.split('\n').some((line) => line.split(' ')[0] === holt.netns));
  await rm(holt.stateDir, { recursive: true });
});
