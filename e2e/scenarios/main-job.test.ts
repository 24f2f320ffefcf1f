import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import anyTest, { type TestFn } from 'ava';
import { artifactOf } from '../../crds/guestimage/artifact.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../crds/uservm/definition.ts';
import { parseConfig } from '../../lib/config.ts';
import { removeContainer } from '../../lib/podman/index.ts';
import { identifyProcess, isAlive, signalProcess } from '../../lib/process-identity.ts';
import { runCommand } from '../../lib/run-command.ts';
import { type ChunkStream, faultsOf, openChunkStream } from '../harness/chunk-stream.ts';
import { container, sidecar, toYaml, userVm } from '../harness/declarations.ts';
import { deriveArtifact, NEVER_READY, removeArtifact } from '../harness/derived-artifact.ts';
import { ensure, eventually } from '../harness/eventually.ts';
import { Installation } from '../harness/installation.ts';
import { containerReady, getContainer, getVm, vmReady, whoAmI } from '../harness/observations.ts';

// One installation for the whole file: booting emulated guests is what takes the time. The tests run in order and
// each leaves both users ready.
const test = anyTest as TestFn<{ alice: string; bob: string }>;
const holt = new Installation('e2e', 20_000);
const cookies = { alice: '', bob: '' };
const users = ['alice', 'bob'] as const;

function processOf(pid: number) {
  const identity = identifyProcess(pid);
  if (identity === undefined) throw new Error(`no process ${pid}`);
  return identity;
}

async function allReady(): Promise<void> {
  for (const user of users) {
    await vmReady(holt, user);
    await containerReady(holt, `${user}-live`);
    await containerReady(holt, `${user}-dev`);
    await whoAmI(holt, cookies[user], '/whoami');
    await whoAmI(holt, cookies[user], '/dev/whoami');
  }
}

async function eventReasons(name: string): Promise<string[]> {
  const { stdout } = await holt.kubectl([
    'get',
    'events',
    `--field-selector=involvedObject.name=${name}`,
    '-o',
    'jsonpath={.items[*].reason}',
  ]);
  return stdout.split(' ');
}

async function untilEvent(name: string, reason: string): Promise<void> {
  await eventually(`event ${reason} of ${name}`, 60_000, async () => {
    const reasons = await eventReasons(name);
    ensure(reasons.includes(reason), `events so far: ${reasons.join(', ')}`);
  });
}

test.before(async (t) => {
  t.timeout(600_000);
  await holt.up();
  const objects = users.flatMap((user) => [userVm(user), container(user, 'live'), container(user, 'dev')]);
  await holt.holt(['apply', '-f', '-'], { input: toYaml([...objects, sidecar('alice')]) });
  for (const user of users) cookies[user] = await holt.cookie(user);
  await allReady();
  await containerReady(holt, 'alice-sidecar');
});

test.after.always(async (t) => {
  t.timeout(300_000);
  await holt.down();
});

test.serial('each route leads to its own container of its own VM', async (t) => {
  const vmIds = new Set<string>();
  for (const user of users) {
    const live = await whoAmI(holt, cookies[user], '/whoami');
    const dev = await whoAmI(holt, cookies[user], '/dev/whoami');
    t.like(live, { user, container_name: `${user}-live`, role: 'live' });
    t.like(dev, { user, container_name: `${user}-dev`, role: 'dev' });
    t.is(live.vm_id, dev.vm_id);
    vmIds.add(live.vm_id);
  }
  t.is(vmIds.size, 2);
});

test.serial('an unmodified kubectl works with the kubeconfig alone', async (t) => {
  const table = (await holt.kubectl(['get', 'uservms'])).stdout;
  t.regex(table, /NAME\s+USER\s+PHASE\s+READY\s+NODE\s+AGE/);
  t.regex(table, /alice\s+alice\s+Running\s+True\s+node-1/);
  t.regex((await holt.kubectl(['get', 'uvm,sc', '-o', 'wide'])).stdout, /VMM-PID/);
  const yaml = (await holt.kubectl(['get', 'uservm', 'alice', '-o', 'yaml'])).stdout;
  t.regex(yaml, /vmmPid: \d+/);
  const described = (await holt.kubectl(['describe', 'uservm', 'alice'])).stdout;
  t.regex(described, /Events:[\s\S]*Normal\s+Ready/);
  await holt.kubectl(['wait', '--for=condition=Ready', 'uservm/alice', '--timeout=10s']);
  t.regex((await holt.kubectl(['explain', 'uservm.spec.powerState'])).stdout, /Running boots the VM/);
  t.regex(
    (await holt.kubectl(['api-resources'])).stdout,
    /sandboxcontainers\s+sc\s+holt\.dev\/v1alpha1\s+true/,
  );
  await holt.kubectl(['label', 'uservm', 'bob', 'team=blue']);
  await holt.kubectl(['annotate', 'uservm', 'bob', 'note=hello']);
  t.is(
    (await holt.kubectl(['get', 'uservm', '-l', 'team=blue', '-o', 'name'])).stdout.trim(),
    'uservm.holt.dev/bob',
  );
  const byField = await holt.kubectl(['get', 'uservm', '--field-selector=spec.user=alice', '-o', 'name']);
  t.is(byField.stdout.trim(), 'uservm.holt.dev/alice');
  await holt.kubectl(['create', 'namespace', 'team-1']);
  await holt.kubectl(['delete', 'namespace', 'team-1']);
  t.regex((await holt.kubectl(['get', 'nodes'])).stdout, /node-1\s+True/);
});

test.serial(
  '2,000 interleaved requests and 50 WebSockets: nothing of the other user, chunks in order',
  async (t) => {
    t.timeout(300_000);
    const streams: ChunkStream[] = [];
    for (let index = 0; index < 50; index += 1) {
      const user = users[index % 2] ?? 'alice';
      const path = index % 4 < 2 ? '/ws' : '/dev/ws';
      const ids = { sessionId: `s${index % 5}`, threadId: `t${index}` };
      streams.push(
        await openChunkStream({
          routerUrl: holt.routerUrl,
          cookie: cookies[user],
          user,
          path,
          ...ids,
          intervalMs: 500,
        }),
      );
    }
    const foreign: string[] = [];
    let next = 0;
    const worker = async () => {
      while (next < 2000) {
        const index = next;
        next += 1;
        const user = users[index % 2] ?? 'alice';
        const dev = index % 4 >= 2;
        const response = await holt.fetchAs(cookies[user], dev ? '/dev/whoami' : '/whoami');
        const body = await response.text();
        const expected = `"container_name":"${user}-${dev ? 'dev' : 'live'}"`;
        if (response.status !== 200 || !body.replaceAll(' ', '').includes(expected)) {
          foreign.push(`${index}: ${user} got ${response.status} ${body.slice(0, 120)}`);
        }
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    t.deepEqual(foreign, []);
    await eventually('each stream has three chunks', 60_000, () =>
      ensure(
        streams.every((stream) => stream.chunks.length >= 3),
        'some have fewer',
      ),
    );
    t.deepEqual(streams.flatMap(faultsOf), []);
    t.true(streams.every((stream) => stream.closedWith() === undefined));
    for (const stream of streams) stream.close();
  },
);

test.serial('the command line shows consoles, logs and exit codes', async (t) => {
  t.regex((await holt.holt(['console', 'alice'])).stdout, /Linux|systemd|holt/i);
  t.regex((await holt.holt(['logs', 'alice-live'])).stdout, /"container_name":"alice-live"/);
  const command = ['/bin/sh', '-c', 'echo out; echo err >&2; exit 7'];
  const failed = await holt.holt(['exec', 'alice-dev', '--', ...command], { mayFail: true });
  t.deepEqual(failed, { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  t.is((await holt.holt(['get', 'uservm', 'nobody'], { mayFail: true })).exitCode, 3);
  t.is((await holt.holt(['get', 'pods'], { mayFail: true })).exitCode, 2);
  t.regex((await holt.holt(['describe', 'uservm', 'alice'])).stdout, /Events:[\s\S]*Ready/);
  t.regex((await holt.holt(['dev', 'status'])).stdout, /etcd\s+healthy\s+3\./);
});

test.serial(
  'a request without a good session, or for nobody, gets a clear answer and never a bare 502',
  async (t) => {
    const none = await holt.fetchAs(undefined, '/');
    t.is(none.status, 401);
    const forged = await holt.fetchAs(`${cookies.alice.slice(0, -4)}AAAA`, '/');
    t.is(forged.status, 401);
    const nobody = await holt.fetchAs(await holt.cookie('nobody'), '/');
    t.is(nobody.status, 404);
    t.truthy(nobody.headers.get('x-holt-reason'));
    const smuggled = await holt.fetchAs(cookies.alice, '/whoami', {
      headers: { 'x-holt-user': 'bob', 'x-holt-route': 'dev' },
    });
    t.like(await smuggled.json(), { user: 'alice', container_name: 'alice-live' });
  },
);

test.serial('every part may be killed: VMs, containers and open streams are undisturbed', async (t) => {
  t.timeout(240_000);
  const before = await Promise.all(users.map((user) => getVm(holt, user)));
  const containers = await Promise.all(users.map((user) => getContainer(holt, `${user}-live`)));
  const stream = await openChunkStream({
    ...{ routerUrl: holt.routerUrl, cookie: cookies.alice, user: 'alice', path: '/ws' },
    ...{ sessionId: 'restart', threadId: 'restart', intervalMs: 200 },
  });
  for (const part of ['holt-router', 'holt-manager', 'holt-node', 'holt-api', 'haproxy']) {
    if (part === 'haproxy') t.is(stream.closedWith(), undefined, 'the stream outlived the control plane');
    const pid = holt.partPid(part);
    signalProcess(processOf(pid), 'SIGKILL');
    await eventually(`${part} runs again`, 60_000, () =>
      ensure(holt.partPid(part) !== pid, 'not restarted yet'),
    );
    await eventually('all parts healthy', 90_000, () => holt.holt(['dev', 'status']));
  }
  t.deepEqual(faultsOf(stream), []);
  await allReady();
  const after = await Promise.all(users.map((user) => getVm(holt, user)));
  for (const [index, vm] of before.entries()) {
    t.is(after[index]?.status?.vmmPid, vm.status?.vmmPid);
    t.is(after[index]?.status?.bootId, vm.status?.bootId);
  }
  const containersAfter = await Promise.all(users.map((user) => getContainer(holt, `${user}-live`)));
  for (const [index, each] of containers.entries()) {
    t.is(containersAfter[index]?.status?.containerId, each.status?.containerId);
  }
});

test.serial('a converged object is left alone: no write without a cause', async (t) => {
  const [one, other] = [await getVm(holt, 'bob'), await getContainer(holt, 'bob-live')];
  await sleep(12_000); // Longer than every periodic check: the absence of writes can only be seen by waiting.
  t.is((await getVm(holt, 'bob')).metadata.resourceVersion, one.metadata.resourceVersion);
  t.is((await getContainer(holt, 'bob-live')).metadata.resourceVersion, other.metadata.resourceVersion);
});

test.serial('kill -9 of a VMM heals by itself; the other user notices nothing', async (t) => {
  t.timeout(300_000);
  const vm = await getVm(holt, 'alice');
  const stream = await openChunkStream({
    ...{ routerUrl: holt.routerUrl, cookie: cookies.bob, user: 'bob', path: '/ws' },
    ...{ sessionId: 'drift', threadId: 'drift', intervalMs: 500 },
  });
  const secret = randomBytes(8).toString('hex');
  t.is((await holt.fetchAs(cookies.alice, '/data', { method: 'PUT', body: secret })).status < 300, true);
  await holt.holt(['exec', 'alice-live', '--', '/bin/sync']);
  signalProcess(processOf(vm.status?.vmmPid ?? 0), 'SIGKILL');
  await untilEvent('alice', 'VmmExited');
  const page = await eventually('the edge says that the VM is not ready', 20_000, async () => {
    const response = await holt.fetchAs(cookies.alice, '/whoami');
    ensure(response.status === 503, `${response.status}`);
    return response;
  });
  t.truthy(page.headers.get('retry-after'));
  const healed = await eventually('another VMM', 180_000, async () => {
    const now = await vmReady(holt, 'alice');
    ensure(now.status?.vmmPid !== vm.status?.vmmPid, 'the old pid');
    return now;
  });
  t.not(healed.status?.bootId, vm.status?.bootId);
  await allReady();
  const kept = await holt.fetchAs(cookies.alice, '/data');
  t.is(await kept.text(), secret, 'the data volume survives');
  t.is(stream.closedWith(), undefined);
  t.deepEqual(faultsOf(stream), []);
  stream.close();
});

test.serial('a container removed inside the guest comes back; its sibling stays', async (t) => {
  t.timeout(180_000);
  const live = await getContainer(holt, 'bob-live');
  const dev = await getContainer(holt, 'bob-dev');
  const vm = await getVm(holt, 'bob');
  const podman = { socketPath: holt.vmSocket(vm.metadata.uid), port: 1024 };
  await removeContainer(podman, 'bob-live');
  const back = await eventually('bob-live anew', 120_000, async () => {
    const now = await containerReady(holt, 'bob-live');
    ensure(now.status?.containerId !== live.status?.containerId, 'still the old one');
    return now;
  });
  t.truthy(back.status?.containerId);
  t.is((await getContainer(holt, 'bob-dev')).status?.containerId, dev.status?.containerId);
  await allReady();
});

test.serial('a container that its node does not see for a while runs on', async (t) => {
  const before = await getContainer(holt, 'alice-live');
  const patch = ['patch', 'sandboxcontainer', 'alice-live', '--subresource=status', '--type=merge', '-p'];
  await holt.kubectl([...patch, JSON.stringify({ status: { nodeName: null } })]);
  await eventually('its node again', 60_000, async () => {
    ensure((await getContainer(holt, 'alice-live')).status?.nodeName === before.status?.nodeName, 'not yet');
  });
  await whoAmI(holt, cookies.alice, '/whoami');
  const { status } = await getContainer(holt, 'alice-live');
  const { containerId, startedAt, restartCount } = before.status ?? {};
  t.like(status, { containerId, startedAt, restartCount });
});

test.serial('deleted nft rules and taps are repaired; orphans go', async (t) => {
  t.timeout(300_000);
  await holt.inNetns(['nft', 'flush', 'ruleset']);
  await eventually('the rules are back', 30_000, async () => {
    const { stdout } = await holt.inNetns(['nft', 'list', 'ruleset']);
    ensure(/policy drop|drop/.test(stdout) && stdout.includes('ht-'), stdout.slice(0, 200));
  });
  await holt.inNetns(['ip', 'tuntap', 'add', 'ht-deadbeef0000', 'mode', 'tap']);
  await eventually('the orphan tap is gone', 90_000, async () => {
    const { stdout } = await holt.inNetns(['ip', '-o', 'link']);
    ensure(!stdout.includes('ht-deadbeef0000'), 'still there');
  });
  const orphan = await startOrphanVmm();
  await eventually('the orphan VMM is ended', 90_000, () => ensure(!isAlive(orphan), 'it still runs'));
  const vm = await getVm(holt, 'bob');
  const tap = `ht-${vm.metadata.uid.replaceAll('-', '').slice(0, 12)}`;
  await holt.inNetns(['ip', 'link', 'delete', tap]);
  await eventually('the tap is back and answers', 240_000, async () => {
    const { stdout } = await holt.inNetns(['ip', '-o', 'link']);
    ensure(stdout.includes(tap), 'no tap');
    await allReady();
  });
  t.pass();
});

test.serial('a spec changed while the controller was down is carried out', async (t) => {
  t.timeout(180_000);
  const pid = holt.partPid('holt-node');
  signalProcess(processOf(pid), 'SIGSTOP');
  const client = await holt.client();
  const name = { namespace: 'default', name: 'bob-dev' };
  const before = await getContainer(holt, 'bob-dev');
  const env = [
    { name: 'HOLT_EXAMPLE_CHAOS', value: '1' },
    { name: 'CHANGED', value: 'yes' },
  ];
  await client.patch(sandboxContainerDefinition, name, { spec: { env } });
  signalProcess(processOf(pid), 'SIGKILL');
  const after = await eventually('bob-dev is made anew', 120_000, async () => {
    const now = await containerReady(holt, 'bob-dev');
    ensure(now.status?.containerId !== before.status?.containerId, 'still the old container');
    return now;
  });
  t.is(after.status?.observedGeneration, after.metadata.generation);
  t.is((await holt.holt(['exec', 'bob-dev', '--', '/bin/sh', '-c', 'echo $CHANGED'])).stdout.trim(), 'yes');
});

test.serial('limits hold: a memory hog and a fork bomb are stopped, siblings answer on', async (t) => {
  t.timeout(240_000);
  for (const [path, reason] of [
    ['/dev/burn?memory_mb=600', 'OOMKilled'],
    ['/dev/fork?count=400', 'PidsLimitExceeded'],
  ] as const) {
    await allReady();
    const before = await getContainer(holt, 'alice-dev');
    void holt.fetchAs(cookies.alice, path).catch(() => undefined);
    await eventually(`alice-dev is stopped with ${reason}`, 90_000, async () => {
      const now = await getContainer(holt, 'alice-dev');
      ensure((now.status?.restartCount ?? 0) > (before.status?.restartCount ?? 0), 'not restarted yet');
      ensure(now.status?.lastExit?.reason === reason, `last exit ${now.status?.lastExit?.reason}`);
      t.like(await whoAmI(holt, cookies.alice, '/whoami'), { container_name: 'alice-live' });
    });
  }
  await allReady();
  t.is((await getContainer(holt, 'alice-live')).status?.ready, true);
});

test.serial(
  'a job runs once, a failing one stops at its limit, who waits for it starts after it',
  async (t) => {
    t.timeout(180_000);
    const task = (name: string, script: string, spec: object) => {
      const { metadata, ...base } = sidecar('bob');
      const command = ['/bin/sh', '-c', script];
      return { ...base, metadata: { ...metadata, name }, spec: { ...base.spec, command, ...spec } };
    };
    const count = 'echo ran >> /data/$HOLT_CONTAINER_NAME; exit';
    const job = { role: 'job', restartPolicy: 'OnFailure' };
    const waits = { dependsOn: [{ name: 'bob-task', condition: 'Complete' }] };
    const objects = [
      task('bob-waiter', 'sleep 10000', waits),
      task('bob-task', `${count} 0`, job),
      task('bob-hopeless', `${count} 3`, { ...job, job: { backoffLimit: 1 } }),
    ];
    await holt.holt(['apply', '-f', '-'], { input: toYaml(objects) });
    await holt.kubectl(['wait', '--for=condition=Failed', 'sc/bob-hopeless', '--timeout=90s']);
    const failed = (await getContainer(holt, 'bob-hopeless')).status;
    t.like(failed, { phase: 'Failed', attempts: 2, failedAttempts: 2, lastExit: { exitCode: 3 } });
    const waiter = (await containerReady(holt, 'bob-waiter')).status;
    const done = (await getContainer(holt, 'bob-task')).status;
    t.like(done, { phase: 'Exited', attempts: 1, failedAttempts: 0 });
    t.true((waiter?.startedAt ?? '') >= (done?.lastExit?.finishedAt ?? '?'));
    const print = ['/bin/sh', '-c', 'wc -l < /data/bob-task; wc -l < /data/bob-hopeless'];
    t.is((await holt.holt(['exec', 'bob-waiter', '--', ...print])).stdout.trim(), '1\n2');
    await holt.kubectl(['delete', 'sc', ...objects.map(({ metadata }) => metadata.name), '--timeout=60s']);
  },
);

test.serial('stop, start and recycle keep the data volume', async (t) => {
  t.timeout(480_000);
  const secret = randomBytes(8).toString('hex');
  await holt.fetchAs(cookies.bob, '/data', { method: 'PUT', body: secret });
  await holt.holt(['stop', 'bob']);
  const stopped = await getVm(holt, 'bob');
  t.is(stopped.status?.phase, 'Stopped');
  t.is(stopped.status?.vmmPid, undefined);
  const page = await eventually('the edge says stopped', 20_000, async () => {
    const response = await holt.fetchAs(cookies.bob, '/');
    ensure(
      response.status === 503 && /stop/.test(response.headers.get('x-holt-reason') ?? ''),
      `${response.status}`,
    );
    return response;
  });
  t.truthy(page.headers.get('retry-after'));
  await holt.holt(['start', 'bob']);
  await allReady();
  t.is(await (await holt.fetchAs(cookies.bob, '/data')).text(), secret);
  const before = await getVm(holt, 'bob');
  const containerBefore = await getContainer(holt, 'bob-live');
  await holt.holt(['recycle', 'bob']);
  await allReady();
  t.not((await getVm(holt, 'bob')).status?.bootId, before.status?.bootId);
  t.not((await getContainer(holt, 'bob-live')).status?.containerId, containerBefore.status?.containerId);
  t.is(await (await holt.fetchAs(cookies.bob, '/data')).text(), secret);
});

test.serial('a guest image with which the canary does not serve goes back by itself', async (t) => {
  t.timeout(240_000);
  const client = await holt.client();
  const name = { name: 'default' };
  const { spec } = await client.get<GuestImage>(guestImageDefinition, name);
  const images = join(holt.stateDir, 'images');
  const bad = deriveArtifact(images, artifactOf(spec), NEVER_READY);
  t.teardown(() => removeArtifact(images, bad));
  const alice = await getVm(holt, 'alice');
  const kept = await (await holt.fetchAs(cookies.bob, '/data')).text();
  const rollout = {
    ...{ strategy: 'Rolling', percentage: 0, canary: { vms: ['default/bob'] } },
    ...{ minReadySeconds: 1, progressDeadlineSeconds: 15 },
  };
  await client.patch(guestImageDefinition, name, { spec: { ...bad, rollout } });
  const status = await holt.holt(['rollout', 'status', 'default'], { mayFail: true });
  t.is(status.exitCode, 1);
  t.regex(status.stdout, /RollingBack: .* failed \(default\/bob did not serve within 15 s\)/);
  t.regex(status.stderr, /RolledBack/);
  await allReady();
  t.like((await getVm(holt, 'bob')).status, {
    guestImage: { digest: spec.digest },
    desiredImage: { digest: spec.digest },
    previousImage: { digest: bad.digest },
  });
  t.is((await getVm(holt, 'alice')).status?.bootId, alice.status?.bootId);
  t.is(await (await holt.fetchAs(cookies.bob, '/data')).text(), kept);
  await holt.holt(['rollout', 'undo', 'default']);
  await client.patch(guestImageDefinition, name, { spec: { rollout: null } });
  await holt.holt(['rollout', 'status', 'default']);
  const { stdout } = await holt.kubectl(['get', 'guestimage', 'default']);
  t.regex(stdout, /VMS\s+UPDATED\s+ROLLOUT[\s\S]*RolloutComplete/);
});

test.serial(
  'a paused VM says so; one in standby is woken by a request and goes on where it was',
  async (t) => {
    t.timeout(300_000);
    const before = { vm: await getVm(holt, 'bob'), live: await getContainer(holt, 'bob-live') };
    // In the memory of the guest alone: neither on its disk nor on its volume.
    await holt.holt(['exec', 'bob-dev', '--', '/bin/sh', '-c', 'echo kept > /dev/shm/mark']);
    await holt.holt(['pause', 'bob']);
    await eventually('the edge says paused', 20_000, async () => {
      const { headers } = await holt.fetchAs(cookies.bob, '/');
      ensure(headers.get('x-holt-reason') === 'vm-paused', `${headers.get('x-holt-reason')}`);
    });
    await holt.holt(['resume', 'bob']);
    await holt.holt(['standby', 'bob']);
    const asleep = await getVm(holt, 'bob');
    t.like(asleep.status, { phase: 'Standby', vmmPid: undefined });
    await eventually('a request is held until the VM serves it', 120_000, async () => {
      const response = await holt.fetchAs(cookies.bob, '/whoami');
      ensure(response.status === 200, `${response.status} ${response.headers.get('x-holt-reason')}`);
    });
    const after = { vm: await getVm(holt, 'bob'), live: await getContainer(holt, 'bob-live') };
    t.is(after.vm.spec.powerState, 'Running');
    t.is(after.vm.status?.bootId, before.vm.status?.bootId);
    t.is(after.vm.status?.bootCount, before.vm.status?.bootCount);
    t.is(after.live.status?.containerId, before.live.status?.containerId);
    t.is(after.live.status?.restartCount, before.live.status?.restartCount);
    const mark = await holt.holt(['exec', 'bob-dev', '--', '/bin/sh', '-c', 'cat /dev/shm/mark']);
    t.is(mark.stdout.trim(), 'kept');
    await allReady();
  },
);

test.serial('bad input is refused with the field, the value and the remedy', async (t) => {
  const refused = async (object: object, pattern: RegExp) => {
    const result = await holt.kubectl(['apply', '-f', '-'], { input: toYaml([object]), mayFail: true });
    t.not(result.exitCode, 0);
    t.regex(result.stderr, pattern);
  };
  await refused(userVm('carol', { memory: '-1Gi' }), /spec\.memory[\s\S]*-1Gi[\s\S]*positive quantity/);
  await refused({ ...userVm('carol'), spec: { user: 'carol', cpus: 'two' } }, /spec\.cpus/);
  await refused(
    { ...userVm('carol'), spec: { user: 'carol', colour: 'red' } },
    /unknown field "spec\.colour"/,
  );
  await refused(userVm('alice', {}, 'alice-two'), /alice/);
  const lost = container('carol', 'live');
  await holt.holt(['apply', '-f', '-'], { input: toYaml([lost]) });
  await eventually('the container names the missing VM', 30_000, async () => {
    const { status } = await getContainer(holt, 'carol-live');
    const ready = status?.conditions?.find((condition) => condition.type === 'Ready');
    ensure(ready?.reason === 'UserVmNotFound' && ready.message.includes('carol'), JSON.stringify(status));
  });
  await holt.holt(['apply', '-f', '-'], { input: toYaml([userVm('dave', { guestImage: 'nowhere' })]) });
  await eventually('the VM names the missing image', 30_000, async () => {
    const { status } = await getVm(holt, 'dave');
    const ready = status?.conditions?.find((condition) => condition.reason === 'GuestImageNotFound');
    ensure(ready?.message.includes('nowhere') === true, JSON.stringify(status));
  });
  await holt.holt(['apply', '-f', '-'], {
    input: toYaml([userVm('erin', { dataVolume: { size: '100Ti' } })]),
  });
  await eventually('the VM names the full disk', 60_000, async () => {
    const { status } = await getVm(holt, 'erin');
    const full = status?.conditions?.find((condition) => condition.reason === 'DiskFull');
    ensure(full?.message.includes(join(holt.stateDir, 'volumes')) === true, JSON.stringify(status));
  });
  const small = userVm('erin', { dataVolume: { size: '1Gi', retention: '0s' } });
  await holt.holt(['apply', '-f', '-'], { input: toYaml([small]) });
  const erin = await vmReady(holt, 'erin');
  t.is(erin.status?.dataVolume?.sizeBytes, 2 ** 30, 'a size that could not be had was taken back');
  await holt.kubectl([
    'delete',
    'uservm/dave',
    'uservm/erin',
    'sandboxcontainer/carol-live',
    '--timeout=60s',
  ]);
  const left = readdirSync(join(holt.stateDir, 'volumes'), { recursive: true });
  t.false(
    left.some((name) => String(name).includes(erin.metadata.uid)),
    'without a retention time it goes at once',
  );
});

test.serial('etcd down: the API says so, routes go on, nothing is lost', async (t) => {
  t.timeout(180_000);
  const etcd = processOf(holt.partPid('etcd'));
  signalProcess(etcd, 'SIGSTOP');
  try {
    const failed = await holt.kubectl(['get', 'uservms', '--request-timeout=20s'], { mayFail: true });
    t.not(failed.exitCode, 0);
    t.regex(failed.stderr, /etcd does not answer .* Check that etcd runs/);
    t.like(await whoAmI(holt, cookies.alice, '/whoami'), { user: 'alice' });
  } finally {
    signalProcess(etcd, 'SIGCONT');
  }
  await eventually('the API answers again', 60_000, () => holt.kubectl(['get', 'uservms']));
  const before = await getVm(holt, 'alice');
  await allReady();
  t.is((await getVm(holt, 'alice')).status?.bootId, before.status?.bootId);
});

test.serial(
  'delete takes the VM, its containers and its tap; its volume is set aside for its time',
  async (t) => {
    t.timeout(180_000);
    const vm = await getVm(holt, 'bob');
    await holt.kubectl(['delete', 'sandboxcontainer', 'bob-dev', '--timeout=60s']);
    await holt.kubectl(['delete', 'uservm', 'bob', '--timeout=120s']);
    t.is(identifyProcess(vm.status?.vmmPid ?? 0), undefined);
    const volumes = join(holt.stateDir, 'volumes');
    t.false(existsSync(join(volumes, `${vm.metadata.uid}.raw`)));
    t.true(existsSync(join(volumes, 'retained', `${vm.metadata.uid}.raw`)));
    await eventually('the node names what it keeps', 30_000, async () => {
      const { stdout } = await holt.kubectl(['get', 'node', 'node-1', '-o', 'yaml']);
      ensure(stdout.includes(vm.metadata.uid), stdout);
      ensure((await eventReasons('node-1')).includes('VolumeRetained'), 'no event yet');
    });
    const client = await holt.client();
    t.is((await client.listAll(userVmDefinition)).items.length, 1);
    const gone = await holt.fetchAs(cookies.bob, '/');
    t.is(gone.status, 404);
  },
);

test.serial('a second start continues with the same state; after down nothing is left', async (t) => {
  t.timeout(480_000);
  const secret = randomBytes(8).toString('hex');
  await holt.fetchAs(cookies.alice, '/data', { method: 'PUT', body: secret });
  const vm = await getVm(holt, 'alice');
  await holt.down();
  await holt.up({ fresh: false });
  t.is((await getVm(holt, 'alice')).metadata.uid, vm.metadata.uid);
  await whoAmI(holt, cookies.alice, '/whoami');
  t.is(await (await holt.fetchAs(cookies.alice, '/data')).text(), secret);
  await holt.down();
  const { stdout } = await runCommand(['ip', 'netns', 'list']);
  t.deepEqual(
    stdout.split('\n').filter((line) => line.startsWith(holt.netns)),
    [],
  );
  t.deepEqual(processesOf(holt.stateDir), []);
  t.deepEqual(socketsBelow(holt.stateDir), []);
});

/** A VMM in a run directory that belongs to no object, as a crash at the wrong moment could leave it. */
async function startOrphanVmm() {
  const { vmm } = parseConfig(readFileSync(join(holt.stateDir, 'config.json'), 'utf8'));
  const runDir = join(holt.stateDir, 'vm', 'deadbeef0000', 'run');
  mkdirSync(runDir, { recursive: true });
  const argv = ['netns', 'exec', holt.netns, vmm.binary, '--api-socket', `path=${runDir}/api.sock`];
  const child = spawn('ip', argv, { stdio: 'ignore', detached: true });
  child.unref();
  await eventually('the orphan VMM serves', 10_000, () => {
    ensure(existsSync(join(runDir, 'api.sock')), 'no socket yet');
  });
  return processOf(child.pid ?? 0);
}

/** Processes that name the state directory on their command line. */
function processesOf(stateDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(`${stateDir}/`) ? [line] : [];
      } catch {
        return [];
      }
    });
}

function socketsBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => join(entry.parentPath, entry.name));
}
