import test from 'ava';
import { isAlreadyExists, isNotFound } from '../api/client/index.ts';
import { eventually } from '../api/client/testing/eventually.ts';
import { type ConfigMap, configMapDefinition } from '../crds/configmap/definition.ts';
import { type Event, eventDefinition } from '../crds/event/definition.ts';
import { type GuestImage, guestImageDefinition } from '../crds/guestimage/definition.ts';
import { type Lease, leaseDefinition } from '../crds/lease/definition.ts';
import type { ApiObject, Stored } from '../crds/meta/meta.ts';
import type { ResourceDefinition } from '../crds/meta/resource-definition.ts';
import { type Namespace, namespaceDefinition } from '../crds/namespace/definition.ts';
import { NODE_LEASE_NAMESPACE, type Node, nodeDefinition } from '../crds/node/definition.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../crds/resourcequota/definition.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { serviceDefinition } from '../crds/service/definition.ts';
import { serviceAccountDefinition } from '../crds/serviceaccount/definition.ts';
import { type UserVm, userVmDefinition } from '../crds/uservm/definition.ts';
import { type VolumeSnapshot, volumeSnapshotDefinition } from '../crds/volumesnapshot/definition.ts';
import { statePaths } from '../lib/config.ts';
import { isInOrder, readStream, withoutRepetitions } from './eventrelay/testing/running-relay.ts';
import { findCondition, formatMicroTime, formatTime, ownerReferenceTo } from './runtime/index.ts';
import { ControlPlane, type RunningPart } from './testing/control-plane.ts';
import { readAuditedRequests, rightsOf, uses } from './testing/granted-rights.ts';

const MANAGER = 'system:holt-manager';

let plane: ControlPlane;
let leader: RunningPart;
let isStarted = false;
let heart: NodeJS.Timeout | undefined;

test.before(async () => {
  plane = await ControlPlane.start({ audit: { rules: [{ level: 'Metadata', users: [MANAGER] }] } });
  isStarted = true;
  leader = await plane.startManager();
});

test.after.always(async () => {
  clearInterval(heart);
  if (isStarted) await plane.dispose();
});

const vmOf = (namespace: string, name: string, memory = '256Mi'): UserVm =>
  ({
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { namespace, name },
    spec: { user: name, memory },
  }) as UserVm;

async function makeNamespace(name: string): Promise<Stored<Namespace>> {
  return plane.client.create<Namespace>(namespaceDefinition, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  });
}

async function makeNode(name: string, memory: string): Promise<Stored<Node>> {
  const node = await plane.client.create<Node>(nodeDefinition, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
  });
  return plane.client.updateStatus<Node>(nodeDefinition, {
    ...node,
    status: {
      allocatable: { cpu: '2', memory },
      conditions: [{ type: 'Ready', status: 'True', reason: 'Up', message: '' }],
    },
  });
}

/** Renews a node's Lease, as holt-node does. */
async function heartbeat(name: string): Promise<void> {
  const lease: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: NODE_LEASE_NAMESPACE, name },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: formatMicroTime(Date.now()) },
  };
  await plane.client.create(leaseDefinition, lease).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
    const key = { namespace: NODE_LEASE_NAMESPACE, name };
    return plane.client.patch<Lease>(leaseDefinition, key, { spec: lease.spec });
  });
}

async function leaseOf(): Promise<Stored<Lease>> {
  return plane.client.get<Lease>(leaseDefinition, { namespace: 'kube-system', name: 'holt-manager' });
}

const eventOf = (name: string, hoursAgo: number): Event => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { namespace: 'default', name },
  involvedObject: { kind: 'Node', name: 'x', namespace: 'default' },
  lastTimestamp: new Date(Date.now() - hoursAgo * 3_600_000).toISOString().replace(/\.\d+Z/, 'Z'),
});

async function getVm(namespace: string, name: string): Promise<Stored<UserVm>> {
  return plane.client.get<UserVm>(userVmDefinition, { namespace, name });
}

async function isGone(definition: ResourceDefinition, object: ApiObject): Promise<boolean> {
  const { namespace, name = '' } = object.metadata;
  return plane.client.get(definition, { namespace, name }).then(
    () => false,
    (error: unknown) => {
      if (isNotFound(error)) return true;
      throw error;
    },
  );
}

test.serial(
  'a VM waits for a node, is placed with event and step, and waits again when there is no room',
  async (t) => {
    await makeNamespace('place');
    await plane.client.create(userVmDefinition, vmOf('place', 'alice'));
    await eventually('told why not', async () => {
      const vm = await getVm('place', 'alice');
      return findCondition(vm.status?.conditions, 'Scheduled')?.reason === 'NoNodeAvailable';
    });
    await makeNode('place-1', '512Mi');
    await heartbeat('place-1');
    // While the API server is away, a heartbeat may fail.
    heart = setInterval(() => void heartbeat('place-1').catch(() => {}), 5_000);
    await eventually('placed', async () => (await getVm('place', 'alice')).status?.nodeName === 'place-1');
    const vm = await getVm('place', 'alice');
    t.is(vm.status?.phase, 'Scheduled');
    t.is(vm.status?.lifecycle?.[0]?.name, 'scheduled');
    await plane.client.create(userVmDefinition, vmOf('place', 'bob', '384Mi'));
    await eventually('no room', async () => {
      const bob = await getVm('place', 'bob');
      return findCondition(bob.status?.conditions, 'Scheduled')?.reason === 'InsufficientCapacity';
    });
    await plane.client.delete(userVmDefinition, { namespace: 'place', name: 'alice' });
    await eventually(
      'bob is placed',
      async () => (await getVm('place', 'bob')).status?.nodeName === 'place-1',
    );
    const events = await plane.client.listAll<Event>(eventDefinition, { namespace: 'place' });
    const reasons = events.items.map((event) => `${event.involvedObject.name} ${event.reason}`);
    t.deepEqual([...new Set(reasons)].sort(), [
      'alice NoNodeAvailable',
      'alice Scheduled',
      'bob InsufficientCapacity',
      'bob Scheduled',
    ]);
  },
);

test.serial('with its own identity it relays the Events that were committed', async (t) => {
  const { items } = await plane.client.listAll<Event>(eventDefinition, { namespace: 'place' });
  const stream = async () => readStream(statePaths(plane.config.stateDir).eventStream);
  await eventually('all are in the stream', async () => {
    const ids = new Set((await stream()).map(({ id }) => id));
    return items.every(({ metadata }) => ids.has(`${metadata.uid}.${metadata.resourceVersion}`));
  });
  t.is((await stream())[0]?.type, 'dev.holt.stream.started');
});

test.serial('with its own identity it makes what namespaces and clients count on', async (t) => {
  const isThere = async (definition: ResourceDefinition, name: string) => {
    const metadata = { namespace: 'default', name };
    return !(await isGone(definition, { apiVersion: 'v1', kind: definition.kind, metadata }));
  };
  await eventually('the account', () => isThere(serviceAccountDefinition, 'default'));
  await eventually('the authority', () => isThere(configMapDefinition, 'kube-root-ca.crt'));
  await eventually('the Service of the API', () => isThere(serviceDefinition, 'kubernetes'));
  t.pass();
});

test.serial(
  'with its own identity it counts what a ResourceQuota limits, and what is freed of it',
  async (t) => {
    await makeNamespace('limited');
    const quota: ResourceQuota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { namespace: 'limited', name: 'q' },
      spec: { hard: { 'requests.memory': '1Gi', 'count/uservms.holt.dev': '2' } },
    };
    await plane.client.create(resourceQuotaDefinition, quota);
    const used = async () => {
      const name = { namespace: 'limited', name: 'q' };
      return (await plane.client.get<ResourceQuota>(resourceQuotaDefinition, name)).status?.used;
    };
    const isUsed = async (memory: string, vms: string) => {
      const now = await used();
      return now?.['requests.memory'] === memory && now['count/uservms.holt.dev'] === vms;
    };
    await eventually('counted', () => isUsed('0', '0'));
    await plane.client.create(userVmDefinition, vmOf('limited', 'frank', '768Mi'));
    t.true(await isUsed('768Mi', '1'));
    const refusal = plane.client.create(userVmDefinition, vmOf('limited', 'grace', '512Mi'));
    const { message } = await t.throwsAsync(refusal);
    t.regex(message, /exceeded quota: q, requested: requests\.memory=512Mi, used: requests\.memory=768Mi/);
    await plane.client.delete(userVmDefinition, { namespace: 'limited', name: 'frank' });
    await eventually('freed', () => isUsed('0', '0'));
  },
);
test.serial('with its own identity it leads VMs to the artifact that their GuestImage names', async (t) => {
  await makeNamespace('rolled');
  const [old, next] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`);
  const file = { name: 'f', digest: old, sizeBytes: 1 };
  await plane.client.create<ApiObject>(guestImageDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'GuestImage',
    metadata: { name: 'rolled' },
    spec: {
      ...{ digest: old, version: '1', kernel: file, initramfs: file, rootDisk: file, cmdline: '' },
      rollout: { strategy: 'Rolling' },
    },
  });
  const vm = vmOf('rolled', 'heidi', '64Gi');
  await plane.client.create(userVmDefinition, { ...vm, spec: { ...vm.spec, guestImage: 'rolled' } });
  const reason = async () => {
    const { status } = await plane.client.get<GuestImage>(guestImageDefinition, { name: 'rolled' });
    const word = findCondition(status?.conditions, 'RolledOut');
    return `${word?.reason} ${status?.rollout?.current}`;
  };
  await eventually('counted', async () => (await reason()) === `RolloutComplete ${old}`);
  await plane.client.patch(guestImageDefinition, { name: 'rolled' }, { spec: { digest: next } });
  await eventually('rolled out', async () => (await reason()) === `RolloutComplete ${next}`);
  t.like((await getVm('rolled', 'heidi')).status?.desiredImage, { digest: next, revision: 2 });
});

test.serial('an authority that somebody changed is put right again', async (t) => {
  const key = { namespace: 'default', name: 'kube-root-ca.crt' };
  const read = async () => (await plane.client.get<ConfigMap>(configMapDefinition, key)).data?.['ca.crt'];
  const right = await read();
  await plane.client.patch(configMapDefinition, key, { data: { 'ca.crt': 'wrong' } });
  await eventually('put right', async () => (await read()) === right);
  t.truthy(right);
});

test.serial('a VolumeSnapshot is bound to the node of its UserVM, and stays so when that goes', async (t) => {
  await makeNamespace('snapped');
  await plane.client.create(userVmDefinition, vmOf('snapped', 'henry', '64Gi'));
  const vmKey = { namespace: 'snapped', name: 'henry' };
  const placed = { status: { nodeName: 'place-1' } };
  await plane.client.patch(userVmDefinition, vmKey, placed, { subresource: 'status' });
  const vm = await getVm('snapped', 'henry');
  const key = { namespace: 'snapped', name: 'one' };
  const made = await plane.client.create<VolumeSnapshot>(volumeSnapshotDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'VolumeSnapshot',
    metadata: key,
    spec: { source: { userVMName: 'henry' } },
  });
  t.is(made.spec.size, vm.spec.dataVolume.size, 'what a quota counts');
  const snapshot = () => plane.client.get<VolumeSnapshot>(volumeSnapshotDefinition, key);
  await eventually('bound', async () => (await snapshot()).status?.nodeName !== undefined);
  t.like((await snapshot()).status, {
    nodeName: vm.status?.nodeName,
    userVMUID: vm.metadata.uid,
    readyToUse: false,
  });
  await plane.client.delete(userVmDefinition, vmKey);
  await eventually('gone', () => isGone(userVmDefinition, vm));
  t.is((await snapshot()).status?.userVMUID, vm.metadata.uid);
  const { source } = made.spec;
  const refusal = plane.client.create<VolumeSnapshot>(volumeSnapshotDefinition, {
    ...{ apiVersion: 'holt.dev/v1alpha1', kind: 'VolumeSnapshot', spec: { source } },
    metadata: { namespace: 'snapped', name: 'two' },
  });
  t.regex((await t.throwsAsync(refusal))?.message ?? '', /spec\.source\.userVMName: Not found: "henry"/);
});

test.serial('a container without its VM is told so, and let go when it is deleted', async (t) => {
  const key = { namespace: 'default', name: 'lonely' };
  const container = await plane.client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { ...key, finalizers: ['holt.dev/container'] },
    spec: { vmRef: { name: 'nobody' }, role: 'live', source: { closure: '/opt/x' }, command: ['/x'] },
  } as unknown as SandboxContainer);
  await eventually('told so', async () => {
    const { status } = await plane.client.get<SandboxContainer>(sandboxContainerDefinition, key);
    return findCondition(status?.conditions, 'Ready')?.reason === 'UserVmNotFound';
  });
  await plane.client.delete(sandboxContainerDefinition, key);
  await eventually('let go', () => isGone(sandboxContainerDefinition, container));
  t.pass();
});

test.serial('a finished job goes when its time is over', async (t) => {
  const made = await plane.client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { namespace: 'default', name: 'task' },
    spec: {
      vmRef: { name: 'nobody' },
      role: 'job',
      restartPolicy: 'Never',
      source: { closure: '/opt/x' },
      command: ['/x'],
      job: { ttlSecondsAfterFinished: 0 },
    },
  } as unknown as SandboxContainer);
  await plane.client.patch(
    sandboxContainerDefinition,
    { namespace: 'default', name: 'task' },
    {
      status: {
        conditions: [
          {
            type: 'Complete',
            status: 'True',
            reason: 'Completed',
            message: '',
            lastTransitionTime: formatTime(Date.now()),
          },
        ],
      },
    },
    { subresource: 'status' },
  );
  await eventually('gone', () => isGone(sandboxContainerDefinition, made));
  t.pass();
});

test.serial('a Namespace is emptied, finalizers and all, and goes', async (t) => {
  const namespace = await makeNamespace('doomed');
  const vm = vmOf('doomed', 'carol');
  vm.metadata.finalizers = ['example.com/hold'];
  const stored = await plane.client.create(userVmDefinition, vm);
  await plane.client.delete(namespaceDefinition, { name: 'doomed' });
  await eventually('told what remains', async () => {
    const now = await plane.client.get<Namespace>(namespaceDefinition, { name: 'doomed' });
    return JSON.stringify(now.status).includes('example.com/hold has 1');
  });
  await plane.client.patch(
    userVmDefinition,
    { namespace: 'doomed', name: 'carol' },
    { metadata: { finalizers: [] } },
  );
  await eventually('gone', () => isGone(namespaceDefinition, namespace));
  t.true(await isGone(userVmDefinition, stored));
});

test.serial('dependents go with their owner; containers of the VM by vmRef stay', async (t) => {
  await makeNamespace('owners');
  const vm = await plane.client.create(userVmDefinition, vmOf('owners', 'dave'));
  const lease = await plane.client.create<Lease>(leaseDefinition, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace: 'owners', name: 'owned', ownerReferences: [ownerReferenceTo(vm)] },
    spec: { holderIdentity: 'x' },
  });
  const container = await plane.client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { namespace: 'owners', name: 'live' },
    spec: { vmRef: { name: 'dave' }, role: 'live', source: { closure: '/opt/x' }, command: ['/x'] },
  } as SandboxContainer);
  await plane.client.delete(userVmDefinition, { namespace: 'owners', name: 'dave' });
  await eventually('owner gone', () => isGone(userVmDefinition, vm));
  await eventually('dependent gone', () => isGone(leaseDefinition, lease));
  t.false(await isGone(sandboxContainerDefinition, container));
});

test.serial(
  'when the leader ends, the standby leads with a higher token and sweeps Events older than an hour',
  async (t) => {
    const old = await plane.client.create(eventDefinition, eventOf('old', 2));
    const recent = await plane.client.create(eventDefinition, eventOf('recent', 0));
    const before = await leaseOf();
    const standby = await plane.startManager('standby');
    t.is(await leader.end('SIGTERM'), 0);
    leader = standby;
    await eventually('swept', () => isGone(eventDefinition, old));
    t.false(await isGone(eventDefinition, recent));
    const after = await leaseOf();
    t.not(after.spec.holderIdentity, before.spec.holderIdentity);
    t.true((after.spec.leaseTransitions ?? 0) > (before.spec.leaseTransitions ?? 0));
  },
);

test.serial('an API server that is killed and comes back finds the leader at work', async (t) => {
  const before = await leaseOf();
  await plane.killApi();
  await plane.startApi();
  await makeNamespace('after');
  await makeNode('place-2', '2Gi');
  await plane.client.create(userVmDefinition, vmOf('after', 'erin'));
  await eventually('placed', async () => (await getVm('after', 'erin')).status?.nodeName === 'place-2');
  t.is((await leaseOf()).spec.holderIdentity, before.spec.holderIdentity);
});

test.serial('a leader that is killed is followed when its Lease is over, and no Event is lost', async (t) => {
  const before = await leaseOf();
  const next = await plane.startManager('next');
  const makeEvents = async (word: string) => {
    for (let n = 0; n < 20; n += 1) await plane.client.create(eventDefinition, eventOf(`${word}-${n}`, 0));
  };
  await makeEvents('before');
  await leader.end('SIGKILL');
  await makeEvents('after');
  leader = next;
  const isFollowed = async () => (await leaseOf()).spec.holderIdentity !== before.spec.holderIdentity;
  await eventually('followed', isFollowed, 30_000);
  const { items } = await plane.client.listAll<Event>(eventDefinition, { namespace: 'default' });
  const stream = async () =>
    withoutRepetitions(await readStream(statePaths(plane.config.stateDir).eventStream));
  await eventually('all are in the stream', async () => {
    const ids = new Set((await stream()).map(({ id }) => id));
    return items.every(({ metadata }) => ids.has(`${metadata.uid}.${metadata.resourceVersion}`));
  });
  t.true(isInOrder(await stream()));
  t.true((await stream()).every(({ type }) => type !== 'dev.holt.stream.gap'));
  t.true(((await leaseOf()).spec.leaseTransitions ?? 0) > (before.spec.leaseTransitions ?? 0));
});

test.serial('a node without heartbeats becomes Unknown, and comes back with them', async (t) => {
  await makeNode('silent', '1Gi');
  const isReady = async () => {
    const node = await plane.client.get<Node>(nodeDefinition, { name: 'silent' });
    return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  };
  t.is(await isReady(), 'True');
  await eventually('Unknown', async () => (await isReady()) === 'Unknown', 60_000);
  await heartbeat('silent');
  await eventually('back', async () => (await isReady()) === 'True');
});

test.serial('of all that it did nothing was refused, and it has no right that it did not use', async (t) => {
  const requests = await readAuditedRequests(statePaths(plane.config.stateDir).auditLog);
  t.true(requests.length > 100);
  t.deepEqual(
    requests.filter(({ isRefused }) => isRefused),
    [],
  );
  const rights = await rightsOf(plane.client, MANAGER);
  t.true(rights.length > 40);
  t.deepEqual(
    rights.filter((right) => !requests.some((request) => request.user === MANAGER && uses(request, right))),
    [],
  );
});
