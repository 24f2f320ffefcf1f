import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { ApiClient } from '../../api/client/index.ts';
import { Etcd3Kv } from '../../api/storage/etcd/etcd-kv.ts';
import { startTcpProxy, type TcpProxy } from '../../api/testing/tcp-proxy.ts';
import { startTestApi, type TestApi, type TestObject } from '../../api/testing/test-api.ts';
import { waitUntil } from '../../api/testing/wait-until.ts';
import { type ConfigMap, configMapDefinition } from '../../crds/configmap/definition.ts';
import { type Event, eventDefinition } from '../../crds/event/definition.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { runCommand } from '../../lib/run-command.ts';
import { TRACEPARENT_ANNOTATION } from '../../lib/telemetry.ts';
import { createControllerMetrics, formatTime, StatusCommitter } from '../runtime/index.ts';
import { createEventRelayMetrics, relayedRevisionReader, startEventRelay } from './controller.ts';
import type { StreamRecord } from './records.ts';
import { FakeReceiver } from './testing/fake-receiver.ts';
import {
  fileSinkAt,
  isInOrder,
  type RunningRelay,
  readStream,
  runRelay,
  withoutRepetitions,
} from './testing/running-relay.ts';

const CURSOR = { namespace: 'kube-system', name: 'holt-event-relay' };

let api: TestApi;
/** What the writers use. */
let client: ApiClient;
/** Between the relay and the API server. */
let proxy: TcpProxy;
let relayClient: ApiClient;
let relay: RunningRelay | undefined;
let stream = '';

test.before(async () => {
  api = await startTestApi();
  client = await ApiClient.fromKubeconfigFile(api.kubeconfig);
  proxy = await startTcpProxy(api.port);
  const throughProxy = join(api.dir, 'kubeconfig-proxy');
  const kubeconfig = await readFile(api.kubeconfig, 'utf8');
  await writeFile(throughProxy, kubeconfig.replace(`:${api.port}`, `:${proxy.port}`));
  relayClient = await ApiClient.fromKubeconfigFile(throughProxy);
  stream = join(api.dir, 'stream', 'events.jsonl');
  start();
});

test.after.always(async () => {
  await relay?.stop();
  await relayClient?.close();
  await proxy?.close();
  await client?.close();
  await api?.dispose();
});

function start(holder?: string): void {
  const sink = fileSinkAt(stream);
  relay = runRelay({ client: relayClient, sink, ...(holder === undefined ? {} : { holder }) });
}

async function stop(): Promise<void> {
  await relay?.stop();
  relay = undefined;
}

async function makeVm(name: string): Promise<Stored<UserVm>> {
  return client.create<UserVm>(userVmDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { namespace: 'default', name },
    spec: { user: name } as UserVm['spec'],
  });
}

/** A status with two Events in its transaction. */
async function commitPair(vm: Stored<UserVm>, word: string): Promise<Stored<UserVm>> {
  const committer = new StatusCommitter({ client, reportingComponent: 'test', reportingInstance: 'test' });
  return committer.commit<UserVm>(userVmDefinition, vm, { phase: 'Running' }, [
    { type: 'Normal', reason: 'Booted', message: `one ${word}` },
    { type: 'Warning', reason: 'Odd', message: `two ${word}` },
  ]);
}

async function makeEvent(name: string): Promise<Stored<Event>> {
  return client.create<Event>(eventDefinition, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace: 'default', name },
    involvedObject: { kind: 'Node', name: 'x', namespace: 'default' },
    reason: 'Made',
    lastTimestamp: formatTime(Date.now()),
  });
}

const messagesOf = (records: readonly StreamRecord[]) => records.map(({ data }) => data.message);
const namesOf = (records: readonly StreamRecord[]) =>
  records.map(({ data }) => (data.metadata as TestObject)?.name as string);
const isRelayed = async (...names: string[]) => {
  const found = new Set(namesOf(await readStream(stream)));
  return names.every((name) => found.has(name));
};
/** How many watch a resource, as the API server counts them. */
const watcherCount = async (resource: string): Promise<number> => {
  const { text } = await api.send({ path: '/metrics' });
  const line = text
    .split('\n')
    .find((each) => each.startsWith('holt_api_watchers') && each.includes(`"${resource}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
};
const cursor = async () => Number((await client.get<ConfigMap>(configMapDefinition, CURSOR)).data?.revision);

test.serial('both Events of a commit are in the stream, with the revision of the status', async (t) => {
  const vm = await commitPair(await makeVm('alice'), 'of alice');
  await waitUntil('relayed', async () => messagesOf(await readStream(stream)).includes('two of alice'));
  const records = (await readStream(stream)).filter(({ subject }) => subject === 'default/UserVM/alice');
  t.deepEqual(messagesOf(records).sort(), ['one of alice', 'two of alice']);
  for (const record of records) {
    t.like(record, {
      specversion: '1.0',
      type: 'dev.holt.event.added',
      resourceversion: vm.metadata.resourceVersion,
      traceparent: vm.metadata.annotations?.[TRACEPARENT_ANNOTATION] ?? 'the server marks it',
      data: { kind: 'Event', involvedObject: { uid: vm.metadata.uid } },
    });
    t.is((record.data.metadata as TestObject).managedFields, undefined);
  }
  t.is(records[0]?.source, records[1]?.source ?? '');
  await waitUntil('saved', async () => (await cursor()) >= Number(vm.metadata.resourceVersion));
});

test.serial('an Event that is counted up is relayed again; a deletion is not', async (t) => {
  const vm = await makeVm('bob');
  const first = await commitPair(vm, 'of bob');
  await commitPair(first, 'of bob');
  const records = async () =>
    (await readStream(stream)).filter(({ subject }) => subject === 'default/UserVM/bob');
  await waitUntil('four records', async () => (await records()).length === 4);
  for (const name of namesOf(await records()).slice(0, 2))
    await client.delete(eventDefinition, { namespace: 'default', name });
  await makeEvent('after-deletions');
  await waitUntil('relayed', () => isRelayed('after-deletions'));
  t.deepEqual(
    (await records()).map(({ type, data }) => [type, data.count]),
    [
      ['dev.holt.event.added', 1],
      ['dev.holt.event.added', 1],
      ['dev.holt.event.modified', 2],
      ['dev.holt.event.modified', 2],
    ],
  );
});

test.serial(
  '2,000 Events of concurrent writers under cut connections and a restart of the API: each is there, in order',
  async (t) => {
    const vms = await Promise.all([...'abcd'].map((letter) => makeVm(`load-${letter}`)));
    const cutting = setInterval(() => proxy.cut(), 150);
    const committing = vms.map(async (vm) => {
      let now = vm;
      for (let n = 0; n < 200; n += 1) now = await commitPair(now, `${vm.metadata.name} ${n}`);
    });
    const creating = [...'efgh'].map(async (letter) => {
      for (let n = 0; n < 100; n += 1) await makeEvent(`load-${letter}-${n}`);
    });
    await Promise.all([...committing, ...creating]).finally(() => clearInterval(cutting));
    await api.restartServer();
    await makeEvent('load-end');
    await waitUntil('the last', () => isRelayed('load-end'), 60_000);
    const records = withoutRepetitions(await readStream(stream));
    t.true(isInOrder(records));
    const { items } = await client.listAll<Event>(eventDefinition, { namespace: 'default' });
    const wanted = items.filter(({ involvedObject, metadata }) =>
      `${involvedObject.name} ${metadata.name}`.includes('load-'),
    );
    t.is(wanted.length, 2_001);
    const found = new Set(records.map(({ id }) => id));
    t.deepEqual(
      wanted
        .map(({ metadata }) => `${metadata.uid}.${metadata.resourceVersion}`)
        .filter((id) => !found.has(id)),
      [],
    );
    const metrics = (await relay?.registry.metrics()) ?? '';
    t.regex(metrics, /holt_event_relay_retries_total\{line="file",at="api"\} [1-9]/);
    t.regex(metrics, /holt_event_relay_relayed_total\{line="file"\} 2\d\d\d/);
    t.notRegex(metrics, /holt_event_relay_gaps_total\{/);
  },
);

test.serial('a flaky endpoint gets each Event too, behind its own cursor', async (t) => {
  const receiver = await FakeReceiver.start();
  t.teardown(() => receiver.close());
  receiver.behaviours.push('cut-after', { code: 429, headers: { 'retry-after': '0' } });
  const context = {
    client,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    metrics: createControllerMetrics(new Registry()),
    committer: new StatusCommitter({ client, reportingComponent: 'test', reportingInstance: 'test' }),
  };
  const facts = {
    eventRelay: {
      config: {
        file: { enabled: false, fileMiB: 1, filesMax: 0 },
        endpoint: { url: receiver.url, timeoutMs: 5_000 },
      },
      streamFile: '',
      holder: 'test',
      metrics: createEventRelayMetrics(new Registry()),
    },
  };
  const line = startEventRelay(context, facts);
  t.teardown(() => line.stop());
  const endpointCursor = { ...CURSOR, name: 'holt-event-relay-endpoint' };
  const saved = async () =>
    Number((await client.get<ConfigMap>(configMapDefinition, endpointCursor)).data?.revision);
  await waitUntil('what is stored', () =>
    saved()
      .catch(() => 0)
      .then((revision) => revision > 0),
  );
  receiver.behaviours.push('cut-before', { code: 503 });
  const vm = await commitPair(await makeVm('of-endpoint'), 'for the endpoint');
  await waitUntil('posted', () => messagesOf(receiver.records).includes('two for the endpoint'));
  await waitUntil('saved', async () => (await saved()) >= Number(vm.metadata.resourceVersion));
  const inFile = new Set((await readStream(stream)).map(({ id }) => id));
  const { items } = await client.listAll<Event>(eventDefinition);
  const idsOf = new Set(receiver.records.map(({ id }) => id));
  for (const { metadata } of items) {
    t.true(idsOf.has(`${metadata.uid}.${metadata.resourceVersion}`));
    t.true(inFile.has(`${metadata.uid}.${metadata.resourceVersion}`));
  }
  t.true(isInOrder(withoutRepetitions(receiver.records)));
  const { signal } = new AbortController();
  t.is(await relayedRevisionReader(context, facts)(signal), await saved());
  receiver.behaviours.push('silent');
  await makeEvent('unanswered');
  const told = receiver.requests.length;
  await waitUntil('a request without an answer', () => receiver.requests.length > told);
  await line.stop();
  // The line that is behind counts.
  const both = {
    eventRelay: {
      ...facts.eventRelay,
      config: { ...facts.eventRelay.config, file: { ...facts.eventRelay.config.file, enabled: true } },
    },
  };
  await waitUntil('the file to be ahead', async () => (await cursor()) > (await saved()));
  t.is(await relayedRevisionReader(context, both)(signal), await saved());
  const none = { eventRelay: { ...facts.eventRelay, config: { file: facts.eventRelay.config.file } } };
  t.is(await relayedRevisionReader(context, none)(signal), Number.POSITIVE_INFINITY);
});

test.serial(
  'kubectl shows the same Events as the stream: get, describe, events, and as they come',
  async (t) => {
    const vm = await makeVm('shown');
    const env = { ...process.env, KUBECONFIG: api.kubeconfig, HOME: api.dir };
    const kubectl = async (...args: string[]) => {
      const { exitCode, stdout, stderr } = await runCommand(['kubectl', ...args], { env, timeoutMs: 60_000 });
      t.is(exitCode, 0, `kubectl ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const follow = (...args: string[]) =>
      runCommand(['kubectl', ...args, '--request-timeout=6s'], { env, timeoutMs: 60_000 });
    const followers = [
      follow('get', 'events', '--watch', '--sort-by=.lastTimestamp'),
      follow('events', '--for=uservm/shown', '--watch'),
    ];
    // Once both are there.
    await waitUntil('kubectl to watch', async () => (await watcherCount('events')) >= 3);
    await commitPair(vm, 'to be shown');
    await waitUntil('relayed', async () => messagesOf(await readStream(stream)).includes('two to be shown'));
    const records = (await readStream(stream)).filter(({ subject }) => subject === 'default/UserVM/shown');
    const outputs = [
      await kubectl('get', 'events', '--sort-by=.lastTimestamp'),
      await kubectl('describe', 'uservm', 'shown'),
      await kubectl('events', '--for=uservm/shown'),
      ...(await Promise.all(followers)).map(({ stdout }) => stdout),
    ];
    for (const output of outputs) {
      for (const { data } of records) {
        const line = output.split('\n').find((each) => each.includes(String(data.message)));
        t.regex(line ?? output, new RegExp(`${data.type} +${data.reason} `));
      }
    }
    const names = await kubectl('get', 'events', '-o', 'name', '--field-selector=involvedObject.name=shown');
    t.deepEqual(
      names.trim().split('\n').sort(),
      namesOf(records)
        .map((name) => `event/${name}`)
        .sort(),
    );
  },
);

test.serial('etcd that is killed and comes back costs no Event', async (t) => {
  await makeEvent('before-etcd');
  await api.etcd.kill();
  await api.etcd.start();
  await waitUntil('writes', async () =>
    makeEvent('after-etcd').then(
      () => true,
      () => false,
    ),
  );
  await waitUntil('relayed', () => isRelayed('before-etcd', 'after-etcd'));
  t.true(isInOrder(withoutRepetitions(await readStream(stream))));
});

test.serial(
  'changes that were compacted meanwhile leave a gap record and what is still stored',
  async (t) => {
    await makeEvent('seen');
    await waitUntil('relayed', () => isRelayed('seen'));
    await stop();
    const from = await cursor();
    await makeEvent('lost');
    await client.delete(eventDefinition, { namespace: 'default', name: 'lost' });
    await makeEvent('kept');
    const vm = await commitPair(await makeVm('carol'), 'of carol');
    const kv = new Etcd3Kv(api.etcd.connection);
    await kv.compact(Number(vm.metadata.resourceVersion));
    kv.close();
    await api.restartServer();
    start();
    await waitUntil('relayed', () => isRelayed('kept'));
    const records = await readStream(stream);
    const at = records.findIndex(({ type }) => type === 'dev.holt.stream.gap');
    const data: Readonly<Record<string, unknown>> = records[at]?.data ?? {};
    t.like(data, { reason: 'Compacted', from });
    t.true(Number(data.to) >= Number(vm.metadata.resourceVersion));
    const after = records.slice(at + 1);
    t.deepEqual(messagesOf(after).slice(-2).sort(), ['one of carol', 'two of carol']);
    t.true(
      after.every(({ caughtup, resourceversion }) => caughtup === true && Number(resourceversion) > from),
    );
    t.false(await isRelayed('lost'));
    t.regex(
      (await relay?.registry.metrics()) ?? '',
      /holt_event_relay_gaps_total\{line="file",reason="Compacted"\} 1/,
    );
    await makeEvent('after-gap');
    await waitUntil('relayed', () => isRelayed('after-gap'));
  },
);

test.serial(
  'a full disk holds the line, over a compaction too, and costs no Event that is stored',
  async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'holt-full-'));
    const mounted = await runCommand(['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], {
      timeoutMs: 5_000,
    });
    if (mounted.exitCode !== 0) {
      await rm(dir, { recursive: true });
      t.log('no right to mount a small disk here');
      t.pass();
      return;
    }
    await stop();
    const before = stream;
    t.teardown(async () => {
      await stop();
      await runCommand(['umount', dir], { timeoutMs: 5_000 });
      await rm(dir, { recursive: true });
      stream = before;
      start();
    });
    stream = join(dir, 'events.jsonl');
    start();
    await makeEvent('there-is-room');
    await waitUntil('relayed', () => isRelayed('there-is-room'));
    await writeFile(join(dir, 'ballast'), Buffer.alloc(2 ** 17)).catch(() => {});
    const names = Array.from({ length: 10 }, (_, n) => `no-room-${n}`);
    for (const name of names) await makeEvent(name);
    const metricsOf = async () => (await relay?.registry.metrics()) ?? '';
    await waitUntil('stalled', async () => /_stalled\{line="file"\} 1/.test(await metricsOf()));
    const kv = new Etcd3Kv(api.etcd.connection);
    await kv.compact(Number((await makeEvent('newest')).metadata.resourceVersion));
    kv.close();
    await api.restartServer();
    await rm(join(dir, 'ballast'));
    await waitUntil('relayed', () => isRelayed(...names, 'newest'));
    await waitUntil('not stalled', async () => /_stalled\{line="file"\} 0/.test(await metricsOf()));
    t.true(
      isInOrder(withoutRepetitions(await readStream(stream)).filter(({ data }) => data.kind === 'Event')),
    );
  },
);

test.serial('a cursor beyond the store is told, and all Events are relayed', async (t) => {
  await stop();
  await client.patch(configMapDefinition, CURSOR, { data: { revision: '900000000' } });
  start();
  await makeEvent('after-restore');
  await waitUntil('relayed', () => isRelayed('after-restore'));
  const gaps = (await readStream(stream)).filter(({ type }) => type === 'dev.holt.stream.gap');
  t.like(gaps.at(-1)?.data, { reason: 'CursorAhead', from: 900_000_000 });
  await waitUntil('saved', async () => (await cursor()) < 900_000_000);
});

test.serial('who takes the cursor stops the one before; nothing is lost between them', async (t) => {
  const first = relay;
  start('other');
  await makeEvent('of-both');
  await waitUntil('relayed', () => isRelayed('of-both'));
  await first?.stop();
  await makeEvent('of-the-other');
  await waitUntil('relayed', () => isRelayed('of-the-other'));
  t.true(
    isInOrder(
      withoutRepetitions(
        await readStream(stream).then((all) =>
          all.filter(({ caughtup, data }) => !caughtup && data.kind === 'Event'),
        ),
      ),
    ),
  );
});

test.serial('a cursor that is deleted begins the stream anew, with a record that says so', async (t) => {
  await client.delete(configMapDefinition, CURSOR);
  await makeEvent('after-reset');
  await waitUntil('relayed', () => isRelayed('after-reset'));
  await waitUntil('a cursor', () =>
    cursor().then(
      (revision) => revision > 0,
      () => false,
    ),
  );
  const starts = (await readStream(stream)).filter(({ type }) => type === 'dev.holt.stream.started');
  t.true(starts.length >= 2);
});
