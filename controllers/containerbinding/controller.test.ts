import test from 'ava';
import { eventually } from '../../api/client/testing/eventually.ts';
import { type SandboxContainer, sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { ControlPlane, type RunningPart } from '../testing/control-plane.ts';

let plane: ControlPlane;
let leader: RunningPart;

test.before(async () => {
  plane = await ControlPlane.start();
});

test.after.always(() => plane?.dispose());

const apiVersion = 'holt.dev/v1alpha1';
const keyOf = (name: string) => ({ namespace: 'default', name });

async function makeVm(name: string): Promise<void> {
  const spec = { user: name } as UserVm['spec'];
  await plane.client.create<UserVm>(userVmDefinition, {
    apiVersion,
    kind: 'UserVM',
    metadata: keyOf(name),
    spec,
  });
}

/** What placement writes, alone: as a manager leaves it that ends right after it. */
async function bindVm(name: string, nodeName: string): Promise<void> {
  await plane.client.patch(
    userVmDefinition,
    keyOf(name),
    { status: { nodeName } },
    { subresource: 'status' },
  );
}

async function makeContainer(
  name: string,
  vmName: string,
  status?: SandboxContainer['status'],
): Promise<void> {
  const made = await plane.client.create<SandboxContainer>(sandboxContainerDefinition, {
    apiVersion,
    kind: 'SandboxContainer',
    metadata: { ...keyOf(name), finalizers: ['holt.dev/container'] },
    spec: { vmRef: { name: vmName }, role: 'sidecar', source: { closure: '/opt/x' }, command: ['/x'] },
  } as unknown as SandboxContainer);
  if (status !== undefined) await plane.client.updateStatus(sandboxContainerDefinition, { ...made, status });
}

async function statusOf(name: string): Promise<NonNullable<SandboxContainer['status']>> {
  return (await plane.client.get<SandboxContainer>(sandboxContainerDefinition, keyOf(name))).status ?? {};
}

async function isOn(name: string, nodeName: string | undefined): Promise<void> {
  await eventually(`${name} is on ${nodeName}`, async () => (await statusOf(name)).nodeName === nodeName);
}

test.serial(
  'what was left without its node is bound when a manager starts, and keeps what runs',
  async (t) => {
    await makeVm('alice');
    await makeContainer('waiting', 'alice');
    await makeContainer('running', 'alice', { phase: 'Running', ready: true, containerId: 'c1' });
    await bindVm('alice', 'node-1');
    leader = await plane.startManager();
    await isOn('waiting', 'node-1');
    await isOn('running', 'node-1');
    t.like(await statusOf('running'), { phase: 'Running', ready: true, containerId: 'c1' });
  },
);

test.serial('a container that is made before its VM, or before its VM has a node, follows it', async (t) => {
  await makeContainer('early', 'bob');
  await eventually('told why', async () =>
    JSON.stringify(await statusOf('early')).includes('UserVmNotFound'),
  );
  await makeVm('bob');
  await eventually('told why', async () =>
    JSON.stringify(await statusOf('early')).includes('UserVmNotReady'),
  );
  await bindVm('bob', 'node-1');
  await isOn('early', 'node-1');
  await makeContainer('late', 'bob');
  await isOn('late', 'node-1');
  t.pass();
});

test.serial('when its VM moves while no manager runs, the next one moves it', async (t) => {
  await leader.end('SIGTERM');
  await bindVm('alice', 'node-2');
  leader = await plane.startManager('next');
  await isOn('running', 'node-2');
  const status = await statusOf('running');
  t.like(status, { ready: false, phase: 'Pending' });
  t.is(status.containerId, undefined);
  await isOn('waiting', 'node-2');
});

test.serial('without its VM it is on no node, and a deletion waits for none', async (t) => {
  await plane.client.delete(userVmDefinition, keyOf('bob'));
  await isOn('early', undefined);
  await isOn('late', undefined);
  await plane.client.delete(sandboxContainerDefinition, keyOf('early'));
  await eventually('gone', async () => {
    const { items } = await plane.client.listAll(sandboxContainerDefinition, { namespace: 'default' });
    return items.every(({ metadata }) => metadata.name !== 'early');
  });
  // On a node it is that node's to let go of, however long it takes.
  await plane.client.delete(sandboxContainerDefinition, keyOf('running'));
  await plane.client.delete(sandboxContainerDefinition, keyOf('late'));
  await eventually('late is gone', async () => {
    const { items } = await plane.client.listAll(sandboxContainerDefinition, { namespace: 'default' });
    return items.every(({ metadata }) => metadata.name !== 'late');
  });
  const { metadata } = await plane.client.get(sandboxContainerDefinition, keyOf('running'));
  t.deepEqual(metadata.finalizers, ['holt.dev/container']);
});
