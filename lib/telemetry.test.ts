import { createServer } from 'node:net';
import test from 'ava';
import { activeTraceparent, isTracing, newTraceparent, noteWork, recordSpan, withSpan } from './telemetry.ts';
import { startTelemetry } from './telemetry-export.ts';
import { type FakeOtlpSink, startFakeOtlpSink } from './testing/fake-otlp-sink.ts';

/** Runs `work` with export to a sink, and answers what arrived there. */
async function exported(work: () => Promise<unknown>): Promise<FakeOtlpSink['spans']> {
  const sink = await startFakeOtlpSink();
  const problems: string[] = [];
  const stop = await startTelemetry({
    serviceName: 'thing',
    otlpEndpoint: sink.endpoint,
    onProblem: (problem) => problems.push(problem),
  });
  await work();
  await stop();
  await sink.close();
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return sink.spans;
}

const named = (spans: FakeOtlpSink['spans'], name: string) => {
  const found = spans.find((span) => span.name === name);
  if (found === undefined) throw new Error(`no span ${name} among ${spans.map((span) => span.name)}`);
  return found;
};

// The SDK is one a process: these tests take turns.
test.serial('spans go on from a traceparent, and what runs in one can hand it on', async (t) => {
  const traceparent = newTraceparent();
  let inner: string | undefined;
  const spans = await exported(() =>
    withSpan('outer', { traceparent, attributes: { vm_id: 'vm-1', absent: undefined } }, () =>
      withSpan('inner', {}, async () => {
        inner = activeTraceparent();
      }),
    ),
  );
  const [, traceId, spanId] = traceparent.split('-');
  const outer = named(spans, 'outer');
  t.like(outer, { traceId, parentSpanId: spanId, service: 'thing', attributes: { vm_id: 'vm-1' } });
  t.like(named(spans, 'inner'), { traceId, parentSpanId: outer.spanId });
  t.is(inner, `00-${traceId}-${named(spans, 'inner').spanId}-01`);
});

test.serial('where nothing was done, nothing is told', async (t) => {
  const quiet = { onlyWithWork: true };
  const spans = await exported(async () => {
    await withSpan('idle', quiet, async () => {});
    await withSpan('idle around idle', quiet, () => withSpan('idle', quiet, async () => {}));
    await withSpan('with a step', quiet, () => withSpan('step', {}, async () => {}));
    await withSpan('with a note', quiet, async () => noteWork());
    await withSpan('around a note', quiet, () => withSpan('noted', quiet, async () => noteWork()));
    await withSpan('with what is over', quiet, async () => recordSpan('over', { startTimeMs: 1_000 }, 2_000));
    await t.throwsAsync(withSpan('failed', quiet, () => Promise.reject(new Error('no'))));
  });
  t.deepEqual(
    spans.map(({ name }) => name).toSorted(),
    [
      ...['around a note', 'failed', 'noted', 'over', 'step'],
      ...['with a note', 'with a step', 'with what is over'],
    ].toSorted(),
  );
  t.true(named(spans, 'failed').isError);
  t.is(named(spans, 'over').startTimeMs, 1_000);
  t.is(named(spans, 'over').parentSpanId, named(spans, 'with what is over').spanId);
});

test.serial('a link names the other trace', async (t) => {
  const other = newTraceparent();
  const spans = await exported(async () => recordSpan('linked', { linked: other }));
  t.deepEqual(named(spans, 'linked').linkedTraceIds, [other.split('-')[1]]);
});

test.serial('without an endpoint work runs as if there were no spans', async (t) => {
  const stop = await startTelemetry({
    serviceName: 'thing',
    otlpEndpoint: '',
    onProblem: (problem) => t.fail(problem),
  });
  t.false(isTracing());
  t.is(
    await withSpan('nothing', { traceparent: newTraceparent() }, async () => activeTraceparent()),
    undefined,
  );
  recordSpan('nothing', {});
  await stop();
});

test.serial('a dead collector costs one line and a bounded time', async (t) => {
  // Takes connections and never answers.
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  for (const otlpEndpoint of [`http://127.0.0.1:${port}`, 'http://127.0.0.1:1', 'no url']) {
    const problems: string[] = [];
    const stop = await startTelemetry({
      serviceName: 'thing',
      otlpEndpoint,
      timeoutMs: 300,
      onProblem: (problem) => problems.push(problem),
    });
    t.is(await withSpan('work', {}, async () => 'done'), 'done');
    const startMs = performance.now();
    await stop();
    t.true(performance.now() - startMs < 2_000, otlpEndpoint);
    t.true(problems.length <= 1, problems.join('\n'));
    if (otlpEndpoint !== `http://127.0.0.1:${port}`) t.regex(problems[0] ?? '', /^traces are not exported/);
  }
  silent.close();
});
