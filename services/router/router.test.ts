import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { findStreams } from './haproxy-sessions.ts';
import { ChunkStream } from './testing/chunk-stream.ts';
import { Edge } from './testing/edge.ts';
import { eventually } from './testing/eventually.ts';
import { FakeRouteSource } from './testing/fake-route-source.ts';
import { HttpClient, readEcho } from './testing/http-client.ts';
import { type RunningRouter, runRouter } from './testing/running-router.ts';

const ALICE = '10.66.1.1';
const ALICE_MOVED = '10.66.1.9';
const BOB = '10.66.2.2';
let edge: Edge;
let source: FakeRouteSource;
let running: RunningRouter;
let client: HttpClient;
const cookies: Record<'alice' | 'bob' | 'carol', string> = { alice: '', bob: '', carol: '' };

test.before(async () => {
  edge = await Edge.start();
  await edge.network.up(ALICE, 'vm-alice');
  await edge.network.up(ALICE_MOVED, 'vm-alice');
  await edge.network.up(BOB, 'vm-bob');
  for (const user of ['alice', 'bob', 'carol'] as const) cookies[user] = await edge.cookie(user);
});

test.after.always(async () => {
  await edge?.stop();
});

test.beforeEach(async () => {
  source = new FakeRouteSource();
  source.serve({ user: 'alice', ip: ALICE });
  source.serve({ user: 'bob', ip: BOB });
  running = await runRouter(edge, source);
  client = new HttpClient(edge.config.ports.router);
});

test.afterEach.always(async () => {
  await client.close();
  await running.stop();
});

const get = (user: 'alice' | 'bob' | 'carol', path = '/') =>
  client.send(path, { headers: { cookie: cookies[user] } });
const showMap = () => edge.admin(`show map ${edge.paths.routesMap}`);
const sortedMap = async () =>
  (await showMap())
    .replace(/^0x[0-9a-f]+/gm, '')
    .split('\n')
    .toSorted();
const open = (user: 'alice' | 'bob') => ChunkStream.open(edge.config.ports.router, cookies[user]);

test.serial('routes of ready VMs serve; the table is on disk', async (t) => {
  t.is(readEcho(await get('alice')).vm, 'vm-alice');
  t.is(readEcho(await get('bob', '/dev/')).vm, 'vm-bob');
  t.is((await get('carol')).headers['x-holt-reason'], 'unknown-user');
  const file = await readFile(edge.paths.routesMap, 'utf8');
  t.true(file.includes(`alice/live ready|vm-alice|${ALICE}|alice-live|boot-alice\n`));
  t.is(file.trim().split('\n').length, 4);
});

test.serial('2,000 interleaved requests while routes change: none goes astray', async (t) => {
  let isDone = false;
  const changes = (async () => {
    for (let round = 0; !isDone; round++) {
      source.serve({ user: 'alice', ip: round % 2 === 0 ? ALICE : ALICE_MOVED });
      source.serve({ user: 'bob', ip: BOB, isReady: round % 3 !== 0 });
      source.serve({
        user: `extra-${round % 50}`,
        ip: `10.66.7.${1 + (round % 200)}`,
        vmId: `vm-extra-${round % 50}`,
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  const tally = { own: 0, page: 0, astray: 0 };
  const worker = async () => {
    // One connection for both users: what is kept of it must not decide where a request goes.
    const shared = new HttpClient(edge.config.ports.router);
    for (let i = 0; i < 250; i++) {
      const user = i % 2 === 0 ? 'alice' : 'bob';
      const answer = await shared.send(i % 4 < 2 ? '/' : '/dev/x', { headers: { cookie: cookies[user] } });
      if (answer.status === 503) tally.page += 1;
      else {
        const echo = readEcho(answer);
        const isOwn =
          echo.vm === `vm-${user}` &&
          echo.headers['x-holt-user'] === user &&
          echo.headers['x-holt-vm-id'] === `vm-${user}`;
        if (isOwn) tally.own += 1;
        else tally.astray += 1;
      }
    }
    await shared.close();
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  isDone = true;
  await changes;
  t.is(tally.astray, 0);
  t.is(tally.own + tally.page, 2000);
  t.true(tally.own > 100, JSON.stringify(tally));
  t.log(tally);
});

test.serial('a withdrawn route gives the page at once; streams of others go on', async (t) => {
  const bob = await open('bob');
  const alice = await open('alice');
  await bob.advance(5);
  source.serve({ user: 'alice', ip: ALICE, isReady: false });
  await running.untilRoute('alice/live', 'vm-starting');
  t.is((await get('alice')).headers['x-holt-reason'], 'vm-starting');
  // Not ready is no reason to cut what still runs.
  await alice.advance(20);
  await bob.advance(20);
  source.remove('alice');
  await running.untilRoute('alice/live', 'none');
  t.is((await get('alice')).headers['x-holt-reason'], 'unknown-user');
  await alice.untilClosed();
  await bob.advance(20);
  t.deepEqual(bob.sources, ['bob@vm-bob']);
  t.is(bob.disorderCount, 0);
  bob.close();
});

test.serial('50 streams survive the route changes of others, chunks in order', async (t) => {
  const streams = await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const user = index % 2 === 0 ? ('alice' as const) : ('bob' as const);
      return { user, stream: await open(user) };
    }),
  );
  for (let round = 0; round < 40; round++) {
    source.serve({ user: 'carol', ip: '10.66.3.3', isReady: round % 2 === 0 });
    await streams[round]?.stream.advance(2);
  }
  for (const { user, stream } of streams) {
    await stream.advance(5);
    t.deepEqual(stream.sources, [`${user}@vm-${user}`]);
    t.is(stream.disorderCount, 0);
    t.true(stream.isOpen);
    stream.close();
  }
});

test.serial(
  "an address that changes hands: the old user's streams end before the new one is sent there",
  async (t) => {
    // Those that an earlier test closed: HAProxy learns of it a little later.
    await eventually(async () =>
      assert.deepEqual(findStreams(await edge.admin('show sess all'), new Set([ALICE])), []),
    );
    const alice = await open('alice');
    const bob = await open('bob');
    await alice.advance(5);
    source.remove('alice');
    source.serve({ user: 'carol', ip: ALICE, vmId: 'vm-carol' });
    await running.untilRoute('carol/live', 'ready');
    await alice.untilClosed();
    await bob.advance(10);
    t.is((await get('alice')).headers['x-holt-reason'], 'unknown-user');
    t.is(readEcho(await get('carol')).headers['x-holt-vm-id'], 'vm-carol');
    t.is((await running.metrics.endedStreams.get()).values[0]?.value, 1);
    bob.close();
  },
);

test.serial('a new boot of the same VM ends the streams of the old boot', async (t) => {
  const alice = await open('alice');
  source.serve({ user: 'alice', ip: ALICE, bootId: 'boot-2' });
  await alice.untilClosed();
  await running.untilRoute('alice/live', 'ready');
  t.is((await get('alice')).status, 200);
});

test.serial('HAProxy restarts: it starts with the last table and gets what changed meanwhile', async (t) => {
  await edge.killHaproxy();
  source.serve({ user: 'carol', ip: ALICE_MOVED, vmId: 'vm-carol' });
  source.remove('bob');
  await eventually(async () =>
    assert.match(await readFile(edge.paths.routesMap, 'utf8'), /^carol\/live ready/m),
  );
  t.throws(() => running.router.assertApplied());
  await edge.startHaproxy();
  await eventually(() => running.router.assertApplied());
  t.is((await get('carol')).status, 200);
  t.is((await get('alice')).status, 200);
  t.is((await get('bob')).headers['x-holt-reason'], 'unknown-user');
  t.is((await running.metrics.haproxyStarts.get()).values[0]?.value, 2);
});

test.serial('HAProxy restarts without its map file: everything is told again', async (t) => {
  await edge.killHaproxy();
  await edge.emptyRoutesMap();
  await edge.startHaproxy();
  await running.untilRoute('alice/live', 'ready');
  await running.untilRoute('bob/dev', 'ready');
  t.is((await get('bob')).status, 200);
});

test.serial('a router restart changes nothing, cuts nothing', async (t) => {
  const before = await showMap();
  const stream = await open('alice');
  await running.stop();
  t.is((await get('alice')).status, 200);
  running = await runRouter(edge, source);
  t.is(await showMap(), before);
  await stream.advance(10);
  t.is(running.transitions.length, 0);
  stream.close();
});

test.serial('with the API down at its start the last table stays', async (t) => {
  const before = await showMap();
  await running.stop();
  source = FakeRouteSource.unreachable();
  running = await runRouter(edge, source);
  t.is(await showMap(), before);
  t.is((await get('alice')).status, 200);
  source.serve({ user: 'alice', ip: ALICE });
  t.is(await showMap(), before);
  source.setSynced();
  await running.untilRoute('bob/live', 'none');
  await running.untilRoute('alice/live', 'ready');
});

test.serial('what somebody else does to the map is undone', async (t) => {
  await running.stop();
  running = await runRouter(edge, source, 100);
  const before = await sortedMap();
  await edge.admin(`set map ${edge.paths.routesMap} alice/live ready|vm-bob|${BOB}|x|y`);
  await edge.admin(`add map ${edge.paths.routesMap} mallory/live ready|vm-bob|${BOB}|x|y`);
  await edge.admin(`add map ${edge.paths.routesMap} bob/live garbage`);
  await edge.admin(`del map ${edge.paths.routesMap} bob/dev`);
  await eventually(async () => assert.deepEqual(await sortedMap(), before));
  t.deepEqual(await sortedMap(), before);
  const drifted = (await running.metrics.driftedEntries.get()).values[0]?.value ?? 0;
  t.true(drifted >= 4, String(drifted));
});

test.serial('many users at once', async (t) => {
  for (let i = 0; i < 1000; i++)
    source.serve({ user: `user-${i}`, ip: `10.66.${10 + Math.floor(i / 250)}.${2 + (i % 250)}` });
  await running.untilRoute('user-999/dev', 'ready');
  t.is((await showMap()).split('\n').length, 2004);
  t.is((await get('alice')).status, 200);
});
