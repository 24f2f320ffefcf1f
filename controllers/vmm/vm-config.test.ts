import test from 'ava';
import { buildVmConfig, type VmConfigParts, vmConfigSchema } from './vm-config.ts';

const parts: VmConfigParts = {
  kernel: '/images/k',
  initramfs: '/images/i',
  cmdline: 'console=ttyS0 holt.vm_id=vm-1',
  cpus: 2,
  memoryBytes: 512 * 1024 * 1024 + 1,
  rootDisk: '/images/root.erofs',
  dataDisk: '/volumes/1.raw',
  tap: 'ht-0123456789ab',
  mac: '02:00:00:00:00:01',
  vsockSocket: '/vm/1/v.sock',
  consoleLog: '/vm/1/console.log',
};

test('a VM of Holt', (t) => {
  t.deepEqual(buildVmConfig(parts), {
    payload: { kernel: '/images/k', initramfs: '/images/i', cmdline: 'console=ttyS0 holt.vm_id=vm-1' },
    cpus: { boot_vcpus: 2, max_vcpus: 2 },
    memory: { size: 513 * 1024 * 1024 },
    disks: [
      { path: '/images/root.erofs', readonly: true, serial: 'root', id: 'root', image_type: 'Raw' },
      { path: '/volumes/1.raw', readonly: false, serial: 'data', id: 'data', image_type: 'Raw' },
    ],
    net: [{ tap: 'ht-0123456789ab', mac: '02:00:00:00:00:01', id: 'net' }],
    vsock: { cid: 3, socket: '/vm/1/v.sock', id: 'vsock' },
    serial: { mode: 'File', file: '/vm/1/console.log' },
    console: { mode: 'Off' },
  });
});

const refused: Record<string, Partial<VmConfigParts>> = {
  'a relative path': { kernel: 'k' },
  'no CPU': { cpus: 0 },
  'too little memory': { memoryBytes: 1 },
  'a tap name over 15 characters': { tap: 'ht-0123456789abc' },
  'a MAC in capitals': { mac: '02:00:00:00:00:AA' },
  'a socket path over 107 bytes': { vsockSocket: `/${'x'.repeat(107)}` },
};

for (const [what, change] of Object.entries(refused)) {
  test(`refuses ${what}`, (t) => {
    t.throws(() => buildVmConfig({ ...parts, ...change }));
  });
}

test('refuses what would end the VMM, and what it would silently drop', (t) => {
  const config = buildVmConfig(parts);
  t.false(vmConfigSchema.safeParse({ ...config, serial: { mode: 'File' } }).success);
  t.false(vmConfigSchema.safeParse({ ...config, memmory: {} }).success);
});
