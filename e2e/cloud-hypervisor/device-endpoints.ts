import type { DiskConfig, NetConfig, OtherDeviceConfig, VsockConfig } from './config/device-config.ts';
import * as devices from './config/device-config.ts';
import { deserialize, type Read, required, string, struct } from './config/serde.ts';
import type { Endpoint } from './http/call.ts';
import type { OtherList } from './vm/device-calls.ts';
import type { Vmm } from './vm/vmm.ts';

const removal = struct('VmRemoveDeviceData', { id: required(string()) });

/** The calls that add and remove devices. */
export function deviceEndpoints(vmm: Vmm): [string, Endpoint][] {
  const call = (failure: string, read: Read, run: (body: unknown) => unknown): Endpoint => ({
    method: 'PUT',
    body: 'required',
    failure,
    read: (text) => deserialize(text, read),
    run: async (body) => run(body),
  });
  const other = (what: string, read: Read, list: OtherList) =>
    call(`The ${what} could not be added to the VM`, read, (body) =>
      vmm.addOther(list, body as OtherDeviceConfig),
    );
  return [
    [
      'vm.add-disk',
      call('The disk could not be added to the VM', devices.disk, (body) => vmm.addDisk(body as DiskConfig)),
    ],
    [
      'vm.add-net',
      call('The network device could not be added to the VM', devices.net, (body) =>
        vmm.addNet(body as NetConfig),
      ),
    ],
    [
      'vm.add-vsock',
      call('The vsock device could not be added to the VM', devices.vsock, (body) =>
        vmm.addVsock(body as VsockConfig),
      ),
    ],
    ['vm.add-fs', other('fs', devices.fs, 'fs')],
    ['vm.add-pmem', other('pmem device', devices.pmem, 'pmem')],
    ['vm.add-device', other('device', devices.hostDevice, 'devices')],
    ['vm.add-user-device', other('user device', devices.userDevice, 'user_devices')],
    ['vm.add-vdpa', other('vDPA device', devices.vdpa, 'vdpa')],
    [
      'vm.add-generic-vhost-user',
      other('generic vhost-user device', devices.genericVhostUser, 'generic_vhost_user'),
    ],
    [
      'vm.remove-device',
      call('The device could not be removed from the VM', removal, (body) =>
        vmm.removeDevice((body as { id: string }).id),
      ),
    ],
  ];
}
