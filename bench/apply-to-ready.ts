import type { ApiClient } from '../api/client/api-client.ts';
import { type GuestImage, guestImageDefinition } from '../crds/guestimage/definition.ts';
import { type UserVm, userVmDefinition } from '../crds/uservm/definition.ts';
import type { HoltConfig } from '../lib/config.ts';
import { bootBareVm } from './bare-vm.ts';
import { percentile } from './statistics.ts';

const READY_TIMEOUT_SECONDS = 180;

async function untilWatched(
  client: ApiClient,
  name: string,
  resourceVersion: string | undefined,
  done: (vm: UserVm | undefined) => boolean,
): Promise<void> {
  const options = {
    namespace: 'default',
    fieldSelector: `metadata.name=${name}`,
    timeoutSeconds: READY_TIMEOUT_SECONDS,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  for await (const event of client.watch<UserVm>(userVmDefinition, options)) {
    if (event.type === 'BOOKMARK') continue;
    if (done(event.type === 'DELETED' ? undefined : event.object)) return;
  }
  throw new Error(`uservm/${name}: not within ${READY_TIMEOUT_SECONDS} s`);
}

function isReady(vm: UserVm | undefined): boolean {
  return vm?.status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
}

async function bootByHolt(client: ApiClient, index: number): Promise<number> {
  const name = `bench-${index}`;
  const begin = performance.now();
  const created = await client.create<UserVm>(userVmDefinition, {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name, namespace: 'default' },
    spec: {
      user: name,
      powerState: 'Running',
      cpus: 1,
      memory: '1Gi',
      guestImage: 'default',
      dataVolume: { size: '1Gi' },
    },
  });
  await untilWatched(client, name, created.metadata.resourceVersion, isReady);
  const elapsedMs = performance.now() - begin;
  await client.delete(userVmDefinition, { namespace: 'default', name });
  await untilWatched(client, name, created.metadata.resourceVersion, (vm) => vm === undefined);
  return elapsedMs;
}

/** Time from apply to Ready against the bare VMM with the same image: the ratio is Holt's own overhead. */
export async function benchApplyToReady(
  config: HoltConfig,
  client: ApiClient,
  rounds: number,
  say: (line: string) => void,
): Promise<void> {
  const image = await client.get<GuestImage>(guestImageDefinition, { name: 'default' });
  const bare: number[] = [];
  const holt: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await bootBareVm(config, image));
    holt.push(await bootByHolt(client, round));
    say(`  round ${round + 1}: bare ${bare.at(-1)?.toFixed(0)} ms, Holt ${holt.at(-1)?.toFixed(0)} ms`);
  }
  const [bareMs, holtMs] = [percentile(bare, 50), percentile(holt, 50)];
  const ratio = (holtMs / bareMs).toFixed(3);
  const note = config.vmm.mode === 'emulated' ? ' (software emulation: not cloud-hypervisor times)' : '';
  say(`apply to ready: ${holtMs.toFixed(0)} ms, bare VMM ${bareMs.toFixed(0)} ms: ratio ${ratio}${note}`);
}
