import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, truncateSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { httpOverVsock } from '../../lib/http-over-vsock.ts';
import { connectVsock, VsockError } from '../../lib/hybrid-vsock.ts';
import { makeDir, textOf, VmmProcess, waitFor, whyNoQemu } from './testing/vmm-process.ts';

/** A guest image that the set-up has built: `HOLT_STATE_DIR`, else the checkout's own. */
function findImage(): string | undefined {
  const checkout = fileURLToPath(new URL('../..', import.meta.url));
  const images = join(process.env.HOLT_STATE_DIR ?? join(checkout, '.holt'), 'images');
  const manifest = globSync('*/manifest.json', { cwd: images }).map(String).sort()[0];
  return manifest === undefined ? undefined : join(images, dirname(manifest));
}

const image = findImage();
const why =
  whyNoQemu() ?? (image === undefined ? 'no guest image is built yet (npm test builds it)' : undefined);
const withGuest = why === undefined ? test.serial : test.serial.skip;
const title = (what: string) => (why === undefined ? what : `${what}: ${why}`);

/** A VM of the image, in a network namespace of its own with a tap and nothing else. */
async function bootGuest(t: ExecutionContext, imageDir: string, faults: object = {}): Promise<VmmProcess> {
  const dir = makeDir(t);
  const netns = `holt-standin-${process.pid}-${bootCount++}`;
  execFileSync('ip', ['netns', 'add', netns]);
  t.teardown(() => execFileSync('ip', ['netns', 'del', netns]));
  execFileSync('ip', ['-n', netns, 'tuntap', 'add', 'ht-test', 'mode', 'tap']);
  truncateSync(join(dir, 'data.raw'), 1024 ** 3);
  execFileSync('mkfs.ext4', ['-q', '-L', 'holt-data', join(dir, 'data.raw')]);
  const vmm = await VmmProcess.start(t, { dir, launcher: ['ip', 'netns', 'exec', netns] });
  vmm.plantFaults(faults);
  const { cmdline } = JSON.parse(readFileSync(join(imageDir, 'manifest.json'), 'utf8')) as {
    cmdline: string;
  };
  const identity =
    'holt.vm_id=vm-test holt.user=alice holt.ip=10.66.0.5/16 holt.gw=10.66.0.1 holt.recycle=r1';
  await vmm.boot(t, {
    payload: {
      kernel: join(imageDir, 'vmlinuz'),
      initramfs: join(imageDir, 'initramfs'),
      cmdline: `${cmdline} ${identity}`,
    },
    cpus: { boot_vcpus: 2, max_vcpus: 2 },
    memory: { size: 768 * 1024 * 1024 },
    disks: [
      { path: join(imageDir, 'root.erofs'), readonly: true, serial: 'root', image_type: 'Raw' },
      { path: join(dir, 'data.raw'), serial: 'data', image_type: 'Raw' },
    ],
    net: [{ tap: 'ht-test', mac: '02:00:00:00:00:05' }],
    vsock: { cid: 3, socket: join(dir, 'v.sock') },
    serial: { mode: 'File', file: join(dir, 'console.log') },
    console: { mode: 'Off' },
  });
  return vmm;
}

let bootCount = 0;

async function guestInfo(vmm: VmmProcess): Promise<Record<string, unknown> | undefined> {
  try {
    let text = '';
    for await (const chunk of await connectVsock(vmm.path('v.sock'), 1027)) text += chunk;
    return text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    if (error instanceof VsockError) return undefined;
    throw error;
  }
}

withGuest(
  title('a guest answers over vsock, one stream beside another, and powers off at a press'),
  async (t) => {
    if (image === undefined) return t.fail();
    const vmm = await bootGuest(t, image);
    await waitFor(async () => (await guestInfo(vmm)) !== undefined, 120_000);
    t.like(await guestInfo(vmm), { vmId: 'vm-test', recycle: 'r1' });

    const ping = { path: '/v4.0.0/libpod/_ping', timeoutMs: 30_000 };
    const pingPodman = () => httpOverVsock({ socketPath: vmm.path('v.sock'), port: 1024 }, ping);
    // The guest's forwarder accepts before podman listens behind it.
    await waitFor(
      () =>
        pingPodman().then(
          () => true,
          () => false,
        ),
      120_000,
    );
    const pings = Array.from({ length: 20 }, pingPodman);
    t.deepEqual(new Set((await Promise.all(pings)).map(({ body }) => body.toString())), new Set(['OK']));

    const nothing = connectVsock(vmm.path('v.sock'), 4444);
    t.is((await t.throwsAsync(nothing, { instanceOf: VsockError }))?.failure, 'refused');

    const counters = JSON.parse((await vmm.call('GET', 'vm.counters')).body);
    t.true(counters._disk0.read_bytes > 0);
    t.is(counters._disk0.write_bytes, 0);

    await vmm.call('PUT', 'vm.power-button');
    t.deepEqual(await vmm.ended, { code: 0, signal: null });
  },
);

withGuest(title('a planted panic is the kernel’s own'), async (t) => {
  if (image === undefined) return t.fail();
  const vmm = await bootGuest(t, image, { guestPanic: true });
  await waitFor(() => textOf(vmm.path('console.log')).includes('Kernel panic'), 120_000);
  t.pass();
});
