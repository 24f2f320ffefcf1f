import type { Stored } from '../../crds/meta/meta.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { sandboxContainerDefinition } from '../../crds/sandboxcontainer/definition.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { ensure, eventually } from './eventually.ts';
import type { Installation } from './installation.ts';

/** Emulated guests boot slowly, and several share two cores. */
const READY_TIMEOUT_MS = 180_000;

export async function getVm(holt: Installation, name: string): Promise<Stored<UserVm>> {
  return (await holt.client()).get<UserVm>(userVmDefinition, { namespace: 'default', name });
}

export async function getContainer(holt: Installation, name: string): Promise<Stored<SandboxContainer>> {
  return (await holt.client()).get<SandboxContainer>(sandboxContainerDefinition, {
    namespace: 'default',
    name,
  });
}

/** Waits until the VM is Ready for its present spec; answers it. */
export function vmReady(holt: Installation, name: string): Promise<Stored<UserVm>> {
  return eventually(`uservm/${name} ready`, READY_TIMEOUT_MS, async () => {
    const vm = await getVm(holt, name);
    const ready = vm.status?.conditions?.find((condition) => condition.type === 'Ready');
    ensure(ready?.status === 'True', `Ready is ${ready?.status}: ${ready?.reason}: ${ready?.message}`);
    ensure(vm.status?.observedGeneration === vm.metadata.generation, 'the present spec is not observed yet');
    return vm;
  });
}

/** Waits until the container is Ready for its present spec; answers it. */
export function containerReady(holt: Installation, name: string): Promise<Stored<SandboxContainer>> {
  return eventually(`sandboxcontainer/${name} ready`, READY_TIMEOUT_MS, async () => {
    const container = await getContainer(holt, name);
    const ready = container.status?.conditions?.find((condition) => condition.type === 'Ready');
    ensure(ready?.status === 'True', `Ready is ${ready?.status}: ${ready?.reason}: ${ready?.message}`);
    ensure(container.status?.observedGeneration === container.metadata.generation, 'spec not observed yet');
    return container;
  });
}

/** What the example program says of itself. */
export interface WhoAmI {
  readonly user: string;
  readonly vm_id: string;
  readonly container_name: string;
  readonly role: string;
  readonly boot_id: string;
}

/** Waits until the route answers, and answers what the program says. */
export function whoAmI(holt: Installation, cookie: string, path: '/whoami' | '/dev/whoami'): Promise<WhoAmI> {
  return eventually(`${path} answers`, READY_TIMEOUT_MS, async () => {
    const response = await holt.fetchAs(cookie, path);
    const body = await response.text();
    ensure(
      response.status === 200,
      `${response.status} ${response.headers.get('x-holt-reason')} ${body.slice(0, 200)}`,
    );
    return JSON.parse(body) as WhoAmI;
  });
}
