import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createTestPki } from '../../api/testing/test-pki.ts';
import { holtConfigSchema } from '../../lib/config.ts';
import { createHttpSink, type HttpSinkOptions } from './http-sink.ts';
import type { StreamRecord } from './records.ts';
import type { RevisionGroup } from './revision-assembler.ts';
import { type RelaySink, SinkBusy, SinkRefusal } from './sink.ts';
import { FakeReceiver } from './testing/fake-receiver.ts';

const { signal } = new AbortController();

async function setUp(t: ExecutionContext, options: Partial<HttpSinkOptions> = {}) {
  const receiver = await FakeReceiver.start();
  const sink = createHttpSink({ url: receiver.url, timeoutMs: 5_000, ...options });
  t.teardown(async () => {
    await sink.close();
    await receiver.close();
  });
  return { receiver, sink, append: (...revisions: number[]) => sink.append(revisions.map(group), signal) };
}

const record = (revision: number, number: number, more: Partial<StreamRecord> = {}): StreamRecord => ({
  specversion: '1.0',
  id: `uid-${number}.${revision}`,
  source: '/holt/test',
  type: 'dev.holt.event.added',
  time: '2026-01-01T00:00:00Z',
  datacontenttype: 'application/json',
  resourceversion: String(revision),
  data: {},
  ...more,
});
const group = (revision: number): RevisionGroup<StreamRecord> => ({
  revision,
  items: [record(revision, 0), record(revision, 1)],
});
const failure = (attempt: Promise<void>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

test('a batch is CloudEvents with the revisions as its key', async (t) => {
  const { receiver, append } = await setUp(t);
  await append(7, 9, 12);
  const [request] = receiver.requests;
  t.is(request?.key, '7..12');
  t.is(request?.headers['content-type'], 'application/cloudevents-batch+json; charset=utf-8');
  t.deepEqual(
    request?.records.map(({ resourceversion }) => resourceversion),
    ['7', '7', '9', '9', '12', '12'],
  );
});

test('what a list told has a key of its own', async (t) => {
  const { receiver, sink } = await setUp(t);
  const gap = { revision: 3, items: [record(3, 0, { type: 'dev.holt.stream.gap' })] };
  await sink.append([gap, group(5)], signal);
  await sink.append([{ revision: 5, items: [record(5, 0, { caughtup: true })] }], signal);
  t.deepEqual(
    receiver.requests.map(({ key }) => key),
    ['3..5+list', '5..5+list'],
  );
});

test('cut connections, time-outs, 5xx and 429 may be tried again; Retry-After is kept to', async (t) => {
  const { receiver, append } = await setUp(t, { timeoutMs: 300 });
  receiver.behaviours.push('cut-before', 'cut-after', { code: 500 }, { code: 409 }, 'silent');
  for (let n = 0; n < 5; n += 1) {
    const error = await failure(append(1));
    t.true(error instanceof Error && !(error instanceof SinkRefusal) && !(error instanceof SinkBusy));
  }
  receiver.behaviours.push(
    { code: 429, headers: { 'retry-after': '7' } },
    { code: 503, headers: { 'retry-after': '86400' } },
    { code: 503, headers: { 'retry-after': 'soon' } },
  );
  t.like(await failure(append(1)), { name: 'SinkBusy', retryAfterMs: 7_000 });
  t.like(await failure(append(1)), { name: 'SinkBusy', retryAfterMs: 300_000 });
  t.like(await failure(append(1)), { name: 'Error' });
  await append(1);
  t.deepEqual([...receiver.kept.keys()], ['1..1']);
  t.is(receiver.records.length, 2);
});

test('answers that trying again does not change are refusals, with the remedy in their words', async (t) => {
  const { receiver, append } = await setUp(t);
  for (const code of [301, 400, 401, 403, 404, 405, 422]) {
    receiver.behaviours.push({ code, body: 'no such tenant', headers: { location: '/elsewhere' } });
    const error = await failure(append(1));
    t.true(error instanceof SinkRefusal);
    t.regex(String(error), new RegExp(`refuses with ${code}.*eventRelay\\.endpoint.*no such tenant`));
  }
  t.is(receiver.requests.length, 7, 'redirects are not followed');
});

test('413 halves the batch, down to one revision', async (t) => {
  const { receiver, append } = await setUp(t);
  receiver.recordsMax = 4;
  await append(1, 2, 3, 4, 5);
  t.deepEqual([...receiver.kept.keys()], ['1..2', '3..3', '4..5']);
  t.is(receiver.records.length, 10);
  receiver.recordsMax = 1;
  t.regex(String(await failure(append(6, 7))), /SinkRefusal: .* refuses with 413/);
});

test('the token is read before each request', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-sink-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const tokenFile = join(dir, 'token');
  const { receiver, append } = await setUp(t, { tokenFile });
  t.like(await failure(append(1)), { code: 'ENOENT' });
  for (const token of ['first', 'second']) {
    await writeFile(tokenFile, `${token}\n`);
    await append(1);
    t.is(receiver.requests.at(-1)?.headers.authorization, `Bearer ${token}`);
  }
});

test('an authority that cannot be read is told with each attempt, and taken once it can', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-sink-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const caFile = join(dir, 'ca.crt');
  const { append } = await setUp(t, { caFile });
  t.like(await failure(append(1)), { code: 'ENOENT' });
  await writeFile(caFile, '');
  await t.notThrowsAsync(append(1));
});

test('over https the authority of the configuration counts, and no other', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-sink-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const pki = await createTestPki(dir);
  const san = 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth';
  const receiver = await FakeReceiver.start(await pki.issue('receiver', '/CN=receiver', san));
  t.teardown(() => receiver.close());
  for (const [caFile, isTrusted] of [
    [join(dir, 'ca.crt'), true],
    [undefined, false],
  ] as const) {
    const sink = createHttpSink({ url: receiver.url, timeoutMs: 5_000, caFile });
    t.teardown(() => sink.close());
    const error = await failure(sink.append([group(1)], signal));
    t.is(error === undefined, isTrusted, String(error));
    t.is(receiver.requests.length, 1);
  }
});

test('an abort ends a request that gets no answer', async (t) => {
  const { receiver, sink } = await setUp(t, { timeoutMs: 60_000 });
  receiver.behaviours.push('silent');
  const stopping = new AbortController();
  const attempt: ReturnType<RelaySink['append']> = sink.append([group(1)], stopping.signal);
  stopping.abort(new Error('told to stop'));
  await t.throwsAsync(attempt, { message: 'told to stop' });
});

test('a token goes over https, or to this machine, alone', (t) => {
  const parse = (endpoint: object) =>
    holtConfigSchema.safeParse({
      stateDir: '/s',
      ports: {},
      vmm: { binary: 'x', mode: 'kvm' },
      eventRelay: { endpoint },
    }).success;
  t.true(parse({ url: 'https://collector.example/events', tokenFile: '/t' }));
  t.true(parse({ url: 'http://127.0.0.1:9/events', tokenFile: '/t' }));
  t.true(parse({ url: 'http://collector.example/events' }));
  t.false(parse({ url: 'http://collector.example/events', tokenFile: '/t' }));
  t.false(parse({ url: 'ftp://collector.example' }));
  t.false(parse({}));
});
