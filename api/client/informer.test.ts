import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type Node, nodeDefinition } from '../../crds/node/definition.ts';
import { ApiClient } from './api-client.ts';
import { Informer } from './informer.ts';
import { eventually } from './testing/eventually.ts';
import { FakeApiServer } from './testing/fake-api-server.ts';
import { createTransport } from './transport.ts';

const node = (name: string, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels },
});

async function start(t: ExecutionContext, options: { stallTimeoutMs?: number } = {}) {
  const server = await FakeApiServer.start();
  const client = new ApiClient(createTransport({ server: server.url, headers: {} }));
  const changes: string[] = [];
  const informer = new Informer<Node>({
    client,
    definition: nodeDefinition,
    indexers: { zone: (object) => [object.metadata.labels?.zone ?? ''] },
    backoff: { baseDelayMs: 5, maxDelayMs: 40 },
    ...options,
  });
  informer.onChange((key, change) => {
    changes.push(`${change.old === undefined ? '+' : change.new === undefined ? '-' : '~'}${key}`);
  });
  t.teardown(async () => {
    await informer.stop();
    await client.close();
    await server.close();
  });
  return { server, client, informer, changes };
}

const names = (informer: Informer<Node>) =>
  informer.lister
    .list()
    .map((object) => object.metadata.name)
    .sort();
const watches = (server: FakeApiServer) =>
  server.requests.filter((request) => request.query.get('watch') === 'true');
const lists = (server: FakeApiServer) => server.requests.length - watches(server).length;

test('lists, follows, and tells listeners', async (t) => {
  const { server, informer, changes } = await start(t);
  server.store.put(node('a', { zone: 'x' }));
  t.false(informer.hasSynced());
  informer.start();
  await informer.whenSynced();
  t.deepEqual(names(informer), ['a']);
  await eventually('watching', () => server.watcherCount === 1);
  server.store.put(node('b', { zone: 'x' }));
  server.store.put(node('a', { zone: 'y' }));
  server.store.remove('b');
  server.flush();
  await eventually('told', () => changes.length === 4);
  t.deepEqual(changes, ['+a', '+b', '~a', '-b']);
  t.deepEqual(
    informer.lister.byIndex('zone', 'y').map((object) => object.metadata.name),
    ['a'],
  );
  t.deepEqual(informer.lister.byIndex('zone', 'x'), []);
  t.throws(() => informer.lister.byIndex('none', 'x'), { instanceOf: RangeError });
});

test('objects are frozen all the way down', async (t) => {
  const { server, informer } = await start(t);
  server.store.put(node('a', { zone: 'x' }));
  informer.start();
  await informer.whenSynced();
  const object = informer.lister.get('', 'a');
  t.throws(() => {
    if (object?.metadata.labels !== undefined) object.metadata.labels.zone = 'y';
  });
});

test('reads all pages', async (t) => {
  const { server, informer } = await start(t);
  server.store.transaction((put) => {
    for (let index = 0; index < 1_201; index += 1) put(node(`n${index}`));
  });
  informer.start();
  await informer.whenSynced();
  t.is(informer.lister.list().length, 1_201);
  t.is(lists(server), 3);
});

test('a cut connection resumes where it was, without a list and without a loss', async (t) => {
  const { server, informer } = await start(t);
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  for (let index = 0; index < 10; index += 1) server.store.put(node(`n${index}`));
  server.flushAndCut(4);
  await eventually('caught up', () => informer.lister.list().length === 10);
  t.is(lists(server), 1);
});

test('a cut between two objects of one transaction loses none', async (t) => {
  const { server, informer, changes } = await start(t);
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.store.transaction((put) => {
    put(node('a'));
    put(node('b'));
  });
  server.flushAndCut(1);
  await eventually('caught up', () => informer.lister.list().length === 2);
  t.deepEqual(changes, ['+a', '+b']);
});

test('410 lists again; what went meanwhile is told', async (t) => {
  const { server, informer, changes } = await start(t);
  server.store.put(node('a'));
  server.store.put(node('b'));
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.store.remove('a');
  server.store.put(node('c'));
  server.store.compact();
  server.cutWatches();
  await eventually('caught up', () => names(informer).join() === 'b,c');
  t.deepEqual(changes, ['+a', '+b', '+c', '-a']);
  t.is(lists(server), 2);
});

test('an object made anew under its name is another one', async (t) => {
  const { server, informer, changes } = await start(t);
  server.store.put(node('a'));
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.store.remove('a');
  server.store.put(node('a'));
  server.store.compact();
  server.cutWatches();
  await eventually('told', () => changes.length === 3);
  t.deepEqual(changes, ['+a', '-a', '+a']);
});

test('events that a server dropped are there after the next list', async (t) => {
  const { server, informer } = await start(t);
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.store.put(node('lost'));
  server.dropPending();
  server.store.compact();
  server.endWatches();
  await eventually('caught up', () => names(informer).join() === 'lost');
  t.pass();
});

test('a list that is older than what was seen is refused until the server caught up', async (t) => {
  const { server, informer, changes } = await start(t);
  server.store.put(node('a'));
  const before = server.store.revision;
  server.store.put(node('b'));
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.staleListRevision = before;
  server.store.compact();
  server.store.put(node('c'));
  server.store.compact();
  server.cutWatches();
  await eventually('refused at least twice', () => lists(server) >= 3);
  t.deepEqual(names(informer), ['a', 'b']);
  server.staleListRevision = undefined;
  await eventually('caught up', () => names(informer).join() === 'a,b,c');
  t.deepEqual(changes, ['+a', '+b', '+c']);
});

test('a silent watch is taken for cut', async (t) => {
  const { server, informer } = await start(t, { stallTimeoutMs: 60 });
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.isSilent = true;
  server.store.put(node('a'));
  await eventually('watched anew', () => watches(server).length >= 2);
  server.isSilent = false;
  await eventually('caught up', () => names(informer).join() === 'a');
  t.is(lists(server), 1);
});

test('bookmarks move the point of resumption', async (t) => {
  const { server, informer } = await start(t);
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  server.store.revision += 50;
  server.store.compact();
  server.dropPending();
  server.bookmark();
  const bookmark = String(server.store.revision);
  server.store.put(node('a'));
  server.flush();
  await eventually('behind the bookmark', () => names(informer).join() === 'a');
  server.cutWatches();
  await eventually('watched anew', () => watches(server).length === 2);
  t.is(watches(server).at(-1)?.query.get('resourceVersion'), bookmark);
  t.is(lists(server), 1);
});

test('outlives errors of the server', async (t) => {
  const { server, informer } = await start(t);
  server.failuresLeft = 3;
  server.store.put(node('a'));
  informer.start();
  await informer.whenSynced();
  await eventually('watching', () => server.watcherCount === 1);
  server.failuresLeft = 2;
  server.cutWatches();
  server.store.put(node('b'));
  await eventually('caught up', () => names(informer).join() === 'a,b');
  t.pass();
});

test('stop ends the watch', async (t) => {
  const { server, informer } = await start(t);
  informer.start();
  await eventually('watching', () => server.watcherCount === 1);
  await informer.stop();
  await eventually('gone', () => server.watcherCount === 0);
  t.pass();
});

test('any history with any cuts ends equal to the server', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('remove' as const), name: fc.constantFrom('a', 'b', 'c') }),
    fc.record({ kind: fc.constant('both' as const), name: fc.constantFrom('a', 'b') }),
    fc.record({ kind: fc.constant('cut' as const), count: fc.nat(3) }),
    fc.record({ kind: fc.constantFrom('flush', 'compact', 'end', 'fail') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const server = await FakeApiServer.start();
      const client = new ApiClient(createTransport({ server: server.url, headers: {} }));
      const informer = new Informer<Node>({
        client,
        definition: nodeDefinition,
        backoff: { baseDelayMs: 1, maxDelayMs: 5 },
      });
      const mirror = new Map<string, string>();
      let isOrderly = true;
      informer.onChange((key, { old, new: current }) => {
        isOrderly &&= mirror.get(key) === old?.metadata.resourceVersion;
        if (current === undefined) mirror.delete(key);
        else mirror.set(key, current.metadata.resourceVersion);
      });
      informer.start();
      await eventually('watching', () => server.watcherCount === 1);
      for (const each of steps) {
        if (each.kind === 'put') server.store.put(node(each.name));
        else if (each.kind === 'remove') server.store.remove(each.name);
        else if (each.kind === 'both') {
          server.store.transaction((put) => [put(node(each.name)), put(node('c'))]);
        } else if (each.kind === 'cut') server.flushAndCut(each.count);
        else if (each.kind === 'flush') server.flush();
        else if (each.kind === 'compact') server.store.compact();
        else if (each.kind === 'end') server.endWatches();
        else server.failuresLeft = 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      const expected = () =>
        [...server.store.objects]
          .map(([key, object]) => `${key}@${object.metadata.resourceVersion}`)
          .sort()
          .join();
      try {
        await eventually(`equal after ${JSON.stringify(steps)}`, () => {
          server.flush();
          return (
            [...mirror]
              .map(([key, version]) => `${key}@${version}`)
              .sort()
              .join() === expected()
          );
        });
        return isOrderly;
      } finally {
        await informer.stop();
        await client.close();
        await server.close();
      }
    }),
    { numRuns: 60 },
  );
  t.pass();
});
