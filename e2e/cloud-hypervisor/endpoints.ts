import {
  anything,
  boolean,
  deserialize,
  optional,
  required,
  string,
  struct,
  unsigned,
  variant,
  withDefault,
} from './config/serde.ts';
import { readVmConfig, type VmConfig } from './config/vm-config.ts';
import { deviceEndpoints } from './device-endpoints.ts';
import { type Endpoint, empty } from './http/call.ts';
import type { Resize } from './vm/resize.ts';
import type { Vmm } from './vm/vmm.ts';

/** Release of cloud-hypervisor whose behaviour the stand-in shows. */
export const emulatedVersion = '53.0.0';

const resize = struct('VmResizeData', {
  desired_vcpus: optional(unsigned(32)),
  desired_ram: optional(unsigned(64)),
  desired_balloon: optional(unsigned(64)),
});
const resizeDisk = struct('VmResizeDiskData', {
  id: required(string()),
  desired_size: required(unsigned(64)),
});

const resizeZone = struct('VmResizeZoneData', {
  id: required(string()),
  desired_ram: required(unsigned(64)),
});
const snapshot = struct('VmSnapshotConfig', { destination_url: required(string()) });
const restore = struct('RestoreConfig', {
  source_url: required(string('path string')),
  prefault: withDefault(boolean, false),
  memory_restore_mode: withDefault(variant('Copy', 'OnDemand'), 'Copy'),
  net_fds: optional(anything),
  resume: withDefault(boolean, false),
});

/** The REST API's endpoints over a VMM. `end` ends the process after the answer. */
export function createEndpoints(vmm: Vmm, end: () => void): Map<string, Endpoint> {
  const get = (failure: string, run: () => unknown): Endpoint => ({
    method: 'GET',
    body: 'ignored',
    failure,
    run: async () => run(),
  });
  const put = (failure: string, run: () => Promise<void>): Endpoint => ({
    method: 'PUT',
    body: 'none',
    failure,
    run,
  });
  const putBody = (
    failure: string,
    read: (text: string) => unknown,
    run: (body: unknown) => unknown,
  ): Endpoint => ({
    method: 'PUT',
    body: 'required',
    failure,
    read,
    run: async (body) => run(body),
  });
  const refused = (failure: string, field: string): Endpoint =>
    putBody(
      failure,
      (text) => deserialize(text, struct('VmMigrationData', { [field]: required(string()) })),
      () => vmm.refuse(),
    );
  return new Map<string, Endpoint>([
    ['vmm.ping', get('', ping)],
    [
      'vmm.shutdown',
      {
        method: 'PUT',
        body: 'ignored',
        failure: 'The VMM could not shutdown',
        run: async () => {
          await vmm.end();
          end();
          return empty;
        },
      },
    ],
    ['vm.info', get('The VM info is not available', () => vmm.info())],
    ['vm.counters', get('The VM info is not available', () => vmm.counters())],
    [
      'vm.create',
      putBody('The VM could not be created', readVmConfig, (body) => vmm.create(body as VmConfig)),
    ],
    ['vm.boot', put('The VM could not boot', () => vmm.boot())],
    ['vm.pause', put('The VM could not be paused', () => vmm.pause())],
    ['vm.resume', put('The VM could not resume', () => vmm.resume())],
    ['vm.shutdown', put('The VM could not shutdown', () => vmm.shutdown())],
    ['vm.reboot', put('The VM could not reboot', () => vmm.reboot())],
    ['vm.power-button', put('Error triggering power button', () => vmm.powerButton())],
    ['vm.nmi', put('Error triggering NMI', () => vmm.nmi())],
    ['vm.delete', put('The VM could not be deleted', () => vmm.delete())],
    [
      'vm.resize',
      putBody(
        'The VM could not be resized',
        (text) => deserialize(text, resize),
        (body) => vmm.resize(body as Resize),
      ),
    ],
    [
      'vm.resize-disk',
      putBody(
        'The disk could not be resized',
        (text) => deserialize(text, resizeDisk),
        (body) => {
          const { id, desired_size } = body as { id: string; desired_size: number };
          return vmm.resizeDisk(id, desired_size);
        },
      ),
    ],
    [
      'vm.resize-zone',
      putBody(
        'The memory zone could not be resized',
        (text) => deserialize(text, resizeZone),
        () => vmm.resizeZone(),
      ),
    ],
    ...deviceEndpoints(vmm),
    [
      'vm.snapshot',
      putBody(
        'The VM could not be snapshotted',
        (text) => deserialize(text, snapshot),
        (body) => vmm.snapshot((body as { destination_url: string }).destination_url),
      ),
    ],
    [
      'vm.restore',
      putBody(
        'The VM could not be restored',
        (text) => deserialize(text, restore),
        (body) => {
          const { source_url, resume } = body as { source_url: string; resume: boolean };
          return vmm.restore(source_url, resume);
        },
      ),
    ],
    ['vm.receive-migration', refused('Error receiving migration', 'receiver_url')],
    ['vm.send-migration', refused('Error dispatching the migration worker', 'destination_url')],
  ]);
}

function ping() {
  return {
    build_version: `v${emulatedVersion}-stand-in`,
    version: emulatedVersion,
    pid: process.pid,
    features: [],
  };
}
