import test from 'ava';
import { readVmConfig } from '../config/vm-config.ts';
import { kernelCommandLine, qemuArgv } from './qemu-argv.ts';

const config = readVmConfig(
  JSON.stringify({
    payload: { kernel: '/k', initramfs: '/i', cmdline: 'console=ttyS0' },
    cpus: { boot_vcpus: 2, max_vcpus: 2 },
    memory: { size: 768 << 20 },
    disks: [
      { path: '/root,1.erofs', readonly: true, serial: 'root', image_type: 'Raw' },
      { path: '/data.raw', serial: 'data', image_type: 'Raw' },
    ],
    net: [{ tap: 'ht-1', mac: '02:00:00:00:00:01' }],
    vsock: { cid: 3, socket: '/v' },
    serial: { mode: 'File', file: '/a,b.log' },
    console: { mode: 'Off' },
  }),
);

/** Values of a flag that may come more than once. */
function values(argv: readonly string[], flag: string): string[] {
  return argv.flatMap((word, index) => (word === flag ? [argv[index + 1] ?? ''] : []));
}

test('sizes, payload and mark of emulation', (t) => {
  const argv = qemuArgv(config, { guestPanic: false });
  t.deepEqual(values(argv, '-m'), ['768M']);
  t.deepEqual(values(argv, '-smp'), ['2,maxcpus=2']);
  t.deepEqual(values(argv, '-kernel'), ['/k']);
  t.deepEqual(values(argv, '-initrd'), ['/i']);
  t.deepEqual(values(argv, '-append'), ['console=ttyS0 holt.emulated=1']);
});

test('disks keep their order, serial and write protection', (t) => {
  const disks = values(qemuArgv(config, { guestPanic: false }), '-blockdev').map((text) => JSON.parse(text));
  t.deepEqual(
    disks.map((disk) => [disk['node-name'], disk.driver, disk['read-only'], disk.file.filename]),
    [
      ['disk0', 'raw', true, '/root,1.erofs'],
      ['disk1', 'raw', false, '/data.raw'],
    ],
  );
  const devices = values(qemuArgv(config, { guestPanic: false }), '-device').filter((text) =>
    text.startsWith('{'),
  );
  t.deepEqual(
    devices.map((text) => JSON.parse(text).serial),
    ['root', 'data'],
  );
});

test('the tap has the VM’s MAC, the control NIC its own and no way out', (t) => {
  const argv = qemuArgv(config, { guestPanic: false });
  t.deepEqual(values(argv, '-netdev'), [
    'tap,id=net0,ifname=ht-1,script=no,downscript=no',
    'user,id=control,restrict=on',
  ]);
  t.true(argv.some((word) => word.includes('netdev=net0,mac=02:00:00:00:00:01')));
  t.true(argv.some((word) => word.includes('netdev=control,mac=52:54:')));
});

test('no control NIC without vsock, no serial port when it is off', (t) => {
  const bare = readVmConfig('{"payload":{"kernel":"/k"},"serial":{"mode":"Off"},"console":{"mode":"Off"}}');
  const argv = qemuArgv(bare, { guestPanic: false });
  t.deepEqual(values(argv, '-netdev'), []);
  t.deepEqual(values(argv, '-serial'), []);
});

test('a comma in a path is written twice', (t) => {
  t.true(qemuArgv(config, { guestPanic: false }).includes('file,id=serial,path=/a,,b.log'));
});

test('a planted panic takes the guest’s init away', (t) => {
  t.regex(kernelCommandLine('quiet', { guestPanic: true }), /^quiet holt\.emulated=1 rdinit=\S+ init=\S+$/);
});
