import { join } from 'node:path';
import test from 'ava';
import { ApiClient, type ApiError, Informer } from '../../api/client/index.ts';
import { eventually } from '../../api/client/testing/eventually.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import { type Node, nodeDefinition } from '../../crds/node/definition.ts';
import { retainedVolumesOf } from '../../crds/node/retained-volumes.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { systemClock } from '../../lib/clock.ts';
import { statePaths } from '../../lib/config.ts';
import { createLogger } from '../../lib/logger.ts';
import { Heartbeat } from '../noderegistration/heartbeat.ts';
import { ensureFinalizer, removeFinalizer, StatusCommitter } from '../runtime/index.ts';
import { ControlPlane } from '../testing/control-plane.ts';
import { collectionOptions } from './artifact-collection.ts';
import { tellerOfRetainedVolumes } from './tell-retained-volumes.ts';

let plane: ControlPlane;
let client: ApiClient;

test.before(async () => {
  plane = await ControlPlane.start();
  client = await ApiClient.fromKubeconfigFile(join(statePaths(plane.config.stateDir).pki, 'node.kubeconfig'));
});

test.after.always(async () => {
  await client?.close();
  await plane?.dispose();
});

test("holt-node's certificate suffices to see which artifacts are named", async (t) => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const file = { name: 'file', digest: `sha256:${'b'.repeat(64)}`, sizeBytes: 1 };
  await plane.client.create<GuestImage>(guestImageDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'GuestImage',
    metadata: { name: 'kept' },
    spec: { digest, version: '1', kernel: file, initramfs: file, rootDisk: file, cmdline: '' },
  });
  const fieldSelector = `status.nodeName=${plane.config.nodeName}`;
  const guestImages = new Informer<GuestImage>({ client, definition: guestImageDefinition });
  const userVms = new Informer<UserVm>({ client, definition: userVmDefinition, fieldSelector });
  const options = collectionOptions({ config: plane.config, client, guestImages, userVms, fieldSelector });
  t.is(options.cachedUse(), undefined, 'not before the first lists');
  guestImages.start();
  userVms.start();
  await Promise.all([guestImages.whenSynced(), userVms.whenSynced()]);
  t.true(options.cachedUse()?.has(digest));
  t.true((await options.currentUse()).has(digest));
  await Promise.all([guestImages.stop(), userVms.stop()]);
});

test("holt-node's certificate suffices for what it does: register, watch, write statuses and finalizers", async (t) => {
  const { nodeName } = plane.config;
  const committer = new StatusCommitter({
    client,
    reportingComponent: 'holt-node',
    reportingInstance: nodeName,
  });
  const facts = {
    nodeName,
    confinement: { hasCgroups: true, hasLandlock: undefined },
    mode: 'emulated' as const,
    hostname: 'host',
    architecture: 'amd64',
    kernelVersion: '6',
    osImage: 'test',
    bootId: 'b',
    machineId: 'm',
    vmmVersion: '1',
    cpuCount: 2,
    memoryBytes: 2 ** 30,
  };
  const heartbeat = new Heartbeat({
    client,
    facts,
    clock: systemClock,
    logger: createLogger('holt-node', 'silent'),
  });
  await heartbeat.beat();
  await heartbeat.beat();
  const fieldSelector = `status.nodeName=${nodeName}`;
  const informers = [
    new Informer({ client, definition: userVmDefinition, fieldSelector }),
    new Informer({ client, definition: sandboxContainerDefinition, fieldSelector }),
    new Informer({ client, definition: guestImageDefinition }),
  ];
  for (const informer of informers) informer.start();
  await Promise.all(informers.map((informer) => informer.whenSynced()));

  const apiVersion = 'holt.dev/v1alpha1';
  const metadata = { namespace: 'default', name: 'alice' };
  const made = await plane.client.create<UserVm>(userVmDefinition, {
    apiVersion,
    kind: 'UserVM',
    metadata,
    spec: { user: 'alice' } as UserVm['spec'],
  });
  await plane.client.updateStatus<UserVm>(userVmDefinition, { ...made, status: { nodeName } });
  const vm = await client.get<UserVm>(userVmDefinition, metadata);
  const held = await ensureFinalizer(client, userVmDefinition, vm, 'holt.dev/test');
  const event = { type: 'Normal' as const, reason: 'Tested', message: 'tested' };
  const status = { ...held.status, phase: 'Running' };
  const told = await committer.commit(userVmDefinition, held, status, [event]);
  t.is(told.status?.phase, 'Running');
  await removeFinalizer(client, userVmDefinition, told, 'holt.dev/test');

  const container = await plane.client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion,
    kind: 'SandboxContainer',
    metadata,
    spec: {
      vmRef: { name: 'alice' },
      role: 'live',
      source: { image: 'example.com/web:1' },
    } as SandboxContainer['spec'],
  });
  const bound = await plane.client.updateStatus<SandboxContainer>(sandboxContainerDefinition, {
    ...container,
    status: { nodeName },
  });
  await committer.commit(sandboxContainerDefinition, bound, { ...bound.status, phase: 'Pending' }, [event]);
  const [vms, containers] = informers;
  await eventually(
    'both are in sight',
    async () => vms?.lister.list().length === 1 && containers?.lister.list().length === 1,
  );
  const record = { id: 'u', namespace: 'n', name: 'a', user: 'a', cause: 'UserVmDeleted' as const };
  const times = { since: '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z' };
  const tell = tellerOfRetainedVolumes({ client, heartbeat });
  await tell([{ record: { ...record, ...times }, sizeBytes: 1, allocatedBytes: 1 }]);
  t.like(retainedVolumesOf(await client.get<Node>(nodeDefinition, { name: nodeName }))[0], record);
  await tell([]);
  const node = await client.get<Node>(nodeDefinition, { name: nodeName });
  t.deepEqual(retainedVolumesOf(node), []);
  await committer.commit(nodeDefinition, node, { ...(node.status ?? {}) }, [event]);
  const gone: string[] = [];
  for (const informer of [vms, containers])
    informer?.onChange((_key, change) => {
      if (change.new === undefined) gone.push(change.old?.kind ?? '');
    });
  for (const definition of [sandboxContainerDefinition, userVmDefinition])
    await plane.client.patch(
      definition,
      metadata,
      { status: { nodeName: 'another' } },
      { subresource: 'status' },
    );
  await eventually('both are out of sight', async () => gone.length === 2);
  t.deepEqual(gone.sort(), ['SandboxContainer', 'UserVM']);
  t.deepEqual([vms?.lister.list(), containers?.lister.list()], [[], []]);
  for (const definition of [sandboxContainerDefinition, userVmDefinition])
    t.is((await t.throwsAsync<ApiError>(client.get(definition, metadata)))?.code, 403);
  await Promise.all(informers.map((informer) => informer.stop()));
});
