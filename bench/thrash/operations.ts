import type { ApiClient } from '../../api/client/index.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/client/index.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { smallContainer, smallVm } from '../../e2e/guestless/declare.ts';
import type { GuestlessHost } from '../../e2e/guestless/guestless-host.ts';
import { killVmmOf } from '../../e2e/guestless/kill-vmm.ts';

/** What may be done to a VM, however it stands. */
export const OPERATIONS = ['start', 'stop', 'recycle', 'kill', 'redeploy', 'delete', 'create'] as const;
export type Operation = (typeof OPERATIONS)[number];

const NAMESPACE = 'default';

/** Declares a VM with its two containers; what is there is left as it is. */
export async function declareUser(client: ApiClient, user: string): Promise<void> {
  const wanted = [
    [userVmDefinition, smallVm(user)],
    [sandboxContainerDefinition, smallContainer(user, 'live')],
    [sandboxContainerDefinition, smallContainer(user, 'sidecar')],
  ] as const;
  for (const [definition, object] of wanted) {
    await client.create(definition, object).catch((error: unknown) => {
      if (!isAlreadyExists(error) && !isConflict(error)) throw error;
    });
  }
}

/** Deletes a VM and its containers at once; resolves before they are gone. */
export async function deleteUser(client: ApiClient, user: string): Promise<void> {
  for (const role of ['live', 'sidecar'])
    await unlessMissing(
      client.delete(sandboxContainerDefinition, { namespace: NAMESPACE, name: `${user}-${role}` }),
    );
  await unlessMissing(client.delete(userVmDefinition, { namespace: NAMESPACE, name: user }));
}

/** Does one operation; one that meets a VM that is not there does nothing. @param mark tells this time from others */
export async function operate(
  host: GuestlessHost,
  user: string,
  what: Operation,
  mark: string,
): Promise<void> {
  const { client, config } = host;
  const name = { namespace: NAMESPACE, name: user };
  const change = (spec: Readonly<Record<string, unknown>>) =>
    unlessMissing(client.patch(userVmDefinition, name, { spec }));
  switch (what) {
    case 'start':
      return change({ powerState: 'Running' });
    case 'stop':
      return change({ powerState: 'Stopped' });
    case 'recycle':
      return change({ powerState: 'Running', recycleRequest: mark });
    case 'kill':
      return unlessMissing(
        client.get<UserVm>(userVmDefinition, name).then((vm) => killVmmOf(vm, config.stateDir)),
      );
    case 'redeploy': {
      const live = { namespace: NAMESPACE, name: `${user}-live` };
      const spec = { env: [{ name: 'MARK', value: mark }] };
      return unlessMissing(client.patch(sandboxContainerDefinition, live, { spec }));
    }
    case 'delete':
      return deleteUser(client, user);
    case 'create':
      return declareUser(client, user);
  }
}

async function unlessMissing(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isNotFound(error)) throw error;
  });
}
