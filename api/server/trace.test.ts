import test from 'ava';
import { newTraceparent } from '../../lib/telemetry.ts';
import { startTelemetry } from '../../lib/telemetry-export.ts';
import { startFakeOtlpSink } from '../../lib/testing/fake-otlp-sink.ts';
import { startTestApi } from '../testing/test-api.ts';

const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const vm = {
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { name: 'seen' },
  spec: { user: 'seen' },
};

test('a write is a span below its request’s, and what it changes goes on from that span', async (t) => {
  const sink = await startFakeOtlpSink();
  const api = await startTestApi();
  const stop = await startTelemetry({
    serviceName: 'holt-api',
    otlpEndpoint: sink.endpoint,
    onProblem: (problem) => t.log(problem),
  });
  const traceparent = newTraceparent();
  const made = await api.send({ method: 'POST', path: VMS, body: vm, headers: { traceparent } });
  const again = await api.send({ method: 'POST', path: VMS, body: vm });
  const status = { status: { phase: 'Pending' } };
  await api.send({ method: 'PATCH', path: `${VMS}/seen/status`, body: status, headers: MERGE });
  const grown = await api.send({
    method: 'PATCH',
    path: `${VMS}/seen`,
    body: { spec: { cpus: 2 } },
    headers: MERGE,
  });
  await api.send({ path: `${VMS}/seen`, headers: { traceparent } });
  await stop();
  await api.dispose();
  await sink.close();

  const spans = sink.spans.map(({ name, attributes }) => `${name} ${attributes.name} ${attributes.code}`);
  t.deepEqual(spans, ['POST uservms seen 201', 'POST uservms undefined 409', 'PATCH uservms seen 200']);
  const [create, refused, patch] = sink.spans;
  const [, traceId, spanId] = traceparent.split('-');
  t.like(create, { traceId, parentSpanId: spanId });
  t.like(create?.attributes, { resource: 'uservms', namespace: 'default', uid: made.json.metadata.uid });
  t.is(made.json.metadata.annotations['holt.dev/traceparent'], `00-${traceId}-${create?.spanId}-01`);
  t.is(again.code, 409);
  t.like(refused, { isError: true, parentSpanId: '', attributes: { reason: 'AlreadyExists' } });
  const mark = `00-${patch?.traceId}-${patch?.spanId}-01`;
  t.is(grown.json.metadata.annotations['holt.dev/traceparent'], mark);
});
