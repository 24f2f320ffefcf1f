import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { openKv } from './storage/etcd/failover-kv.ts';
import { type EtcdCluster, startEtcdCluster } from './testing/etcd-cluster.ts';
import { type ApiAddress, JsonConnection, NoAnswer } from './testing/json-connection.ts';
import { leasesPath } from './testing/linearizability/lease-client.ts';
import { PlainReflector } from './testing/plain-reflector.ts';
import { startTcpProxy, type TcpProxy } from './testing/tcp-proxy.ts';
import { startTestApi, type TestApi } from './testing/test-api.ts';
import { waitUntil } from './testing/wait-until.ts';

const PATH = leasesPath('kube-public');

let cluster: EtcdCluster;
let api: TestApi;
/** Between the reflectors and the API server. */
let proxy: TcpProxy;
let address: ApiAddress;
let reflectors: readonly PlainReflector[] = [];

test.before(async () => {
  cluster = await startEtcdCluster(3);
  api = await startTestApi({ etcd: cluster });
  proxy = await startTcpProxy(api.port);
  const read = (name: string) => readFile(join(api.pki.dir, name));
  address = {
    ...{
      port: api.port,
      cert: await read('admin.crt'),
      key: await read('admin.key'),
      ca: await read('ca.crt'),
    },
  };
  const options = { address: { ...address, port: proxy.port }, path: PATH };
  reflectors = [
    new PlainReflector({ ...options, mode: 'list', timeoutSeconds: 60 }),
    new PlainReflector({ ...options, mode: 'watch-list', timeoutSeconds: 60 }),
    new PlainReflector({ ...options, mode: 'list', timeoutSeconds: 1 }),
    new PlainReflector({ ...options, mode: 'watch-list', timeoutSeconds: 1 }),
  ];
});

test.after.always(async () => {
  for (const reflector of reflectors) reflector.close();
  await proxy?.close();
  await api?.dispose();
});

interface Writers {
  /** Writes that succeeded. */
  readonly done: () => number;
  stop(): Promise<void>;
}

/** Makes, changes and deletes leases until stopped, whatever the server says. */
function startWriters(): Writers {
  let stopped = false;
  let done = 0;
  const write = async (index: number) => {
    const connection = new JsonConnection(address, 15_000);
    for (let step = 0; !stopped; step += 1) {
      const name = `lease-${index}-${step % 5}`;
      const annotations = { step: String(step) };
      const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, annotations } };
      const path = `${PATH}/${name}`;
      const contentType = 'application/merge-patch+json';
      const request = [
        { method: 'POST', path: PATH, body },
        { method: 'PATCH', path, body: { metadata: { annotations } }, contentType },
        { method: 'DELETE', path },
      ][Math.floor(step / 5) % 3] ?? { method: 'GET', path };
      try {
        if ((await connection.send(request)).code < 300) done += 1;
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    connection.close();
  };
  const running = Promise.all([0, 1, 2].map(write));
  return {
    done: () => done,
    stop: async () => {
      stopped = true;
      await running;
    },
  };
}

/** Writes meanwhile, and a little before and after. */
async function whileWriting(disturb: (writers: Writers) => Promise<void>): Promise<void> {
  const writers = startWriters();
  const more = (count: number) => {
    const target = writers.done() + count;
    return waitUntil(`${count} more writes`, () => writers.done() >= target, 60_000);
  };
  try {
    await more(30);
    await disturb(writers);
    await more(30);
  } finally {
    await writers.stop();
  }
}

async function stored(): Promise<ReadonlyMap<string, number>> {
  const { json } = await api.send({ path: PATH });
  return new Map(
    json.items.map(({ metadata }: { metadata: { name: string; resourceVersion: string } }) => [
      metadata.name,
      Number(metadata.resourceVersion),
    ]),
  );
}

const entriesOf = (store: ReadonlyMap<string, number>) => JSON.stringify([...store].toSorted());

/** Every reflector ends with what is stored, and was told nothing twice. */
async function settle(t: ExecutionContext): Promise<void> {
  const wanted = entriesOf(await stored());
  await waitUntil(
    'the reflectors to have what is stored',
    () => reflectors.every(({ store }) => entriesOf(store) === wanted),
    60_000,
  );
  for (const { problems, notifications } of reflectors) {
    t.deepEqual(problems, []);
    const newest = new Map<string, number>();
    for (const { key, revision } of notifications) {
      t.true(revision > (newest.get(key) ?? 0), `${key} at ${revision} was told twice`);
      newest.set(key, revision);
    }
  }
}

test.serial('restarts of the API server', async (t) => {
  await whileWriting(async () => {
    await api.restartServer();
    await api.restartServer();
  });
  await settle(t);
});

test.serial('a slow network that breaks', async (t) => {
  proxy.slow({ delayMs: 20, bytesPerSecond: 200_000 });
  await whileWriting(async (writers) => {
    for (let cut = 0; cut < 3; cut += 1) {
      const target = writers.done() + 30;
      await waitUntil('writes between the cuts', () => writers.done() >= target);
      proxy.cut();
    }
  });
  await settle(t);
  proxy.slow(undefined);
});

test.serial('a compaction while they were away: 410, and everything anew', async (t) => {
  const before = reflectors.map(({ expirations }) => expirations);
  proxy.stall();
  proxy.cut();
  await whileWriting(async () => {});
  const kv = openKv(cluster.connection);
  await kv.compact((await kv.range({ key: 'x' })).revision);
  kv.close();
  await api.restartServer();
  proxy.heal();
  await settle(t);
  for (const [index, { expirations }] of reflectors.entries()) t.true(expirations > (before[index] ?? 0));
});

test.serial('the loss and the return of each etcd member', async (t) => {
  await whileWriting(async (writers) => {
    for (let member = 0; member < cluster.size; member += 1) {
      await cluster.killMember(member);
      const target = writers.done() + 100;
      await waitUntil('writes without a member', () => writers.done() >= target, 60_000);
      const path = '/api/v1/namespaces/default';
      const reads = await Promise.all(Array.from({ length: 20 }, () => api.send({ path })));
      t.true(
        reads.every(({ code }) => code === 200),
        'no read goes to the lost member',
      );
      await cluster.startMember(member);
    }
  });
  await settle(t);
});

test.serial('a client that connects and says nothing keeps no server from ending', async (t) => {
  const silent = connect(api.port, '127.0.0.1');
  silent.on('error', () => {});
  await new Promise((resolve) => silent.once('connect', resolve));
  const closed = new Promise((resolve) => silent.once('close', resolve));
  await api.restartServer();
  await closed;
  t.is((await api.send({ path: '/readyz' })).code, 200);
});
