import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { identifyProcess, isAlive, type ProcessIdentity } from '../../lib/process-identity.ts';
import { tinyKernelGreeting } from './testing/tiny-kernel.ts';
import { standIn, textOf, VmmProcess, vmConfig, waitFor, whyNoQemu } from './testing/vmm-process.ts';

const noQemu = whyNoQemu();
const withQemu = noQemu === undefined ? test.serial : test.serial.skip;
const title = (what: string) => (noQemu === undefined ? what : `${what}: ${noQemu}`);

/** The QEMU below a stand-in. */
function qemuOf(vmm: VmmProcess): ProcessIdentity | undefined {
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = /^PPid:\s+(\d+)$/m.exec(textOf(`/proc/${entry}/status`))?.[1];
    if (Number(parent) === vmm.pid) return identifyProcess(Number(entry));
  }
  return undefined;
}

async function booted(t: ExecutionContext, args: readonly string[] = []): Promise<VmmProcess> {
  const vmm = await VmmProcess.start(t, { args });
  await vmm.boot(t);
  await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
  return vmm;
}

withQemu(
  title('a guest runs, says so on its console, and powers off at a press: the VMM ends with 0'),
  async (t) => {
    const vmm = await booted(t);
    t.is((await vmm.call('PUT', 'vm.power-button')).statusCode, 204);
    t.deepEqual(await vmm.ended, { code: 0, signal: null });
    t.deepEqual(vmm.events(), [
      'vmm starting',
      'vm booting',
      'vm booted',
      'vm shutdown',
      'vm deleted',
      'vmm shutdown',
    ]);
    t.false(existsSync(vmm.path('api.sock')));
    t.false(existsSync(vmm.path('v.sock')));
    t.true(existsSync(vmm.path('api.sock.lock')));
  },
);

withQemu(title('with --no-shutdown the VMM outlives its guest'), async (t) => {
  const vmm = await booted(t, ['--no-shutdown']);
  await vmm.call('PUT', 'vm.power-button');
  await waitFor(() => vmm.events().includes('vm shutdown'));
  t.regex((await vmm.call('GET', 'vm.info')).body, /"state":"Created"/);
  t.is((await vmm.call('PUT', 'vm.boot')).statusCode, 204);
});

withQemu(title('the sockets and files are the owner’s alone'), async (t) => {
  const vmm = await booted(t);
  for (const name of ['api.sock', 'v.sock', 'events', 'console.log']) {
    t.is(statSync(vmm.path(name)).mode & 0o077, 0, name);
  }
});

withQemu(title('QEMU runs in its sandbox'), async (t) => {
  const vmm = await booted(t);
  const qemu = qemuOf(vmm);
  const status = textOf(`/proc/${qemu?.pid}/status`);
  t.regex(status, /^Seccomp:\s+2$/m);
  t.regex(status, /^NoNewPrivs:\s+1$/m);
});

withQemu(title('SIGKILL of the VMM takes the guest along'), async (t) => {
  const vmm = await booted(t);
  const qemu = qemuOf(vmm);
  if (qemu === undefined) return t.fail('no QEMU below the stand-in');
  t.is(readFileSync(`/proc/${qemu.pid}/comm`, 'utf8').slice(0, 4), 'qemu');
  vmm.child.kill('SIGKILL');
  t.is((await vmm.ended).signal, 'SIGKILL');
  await waitFor(() => !isAlive(qemu));
  t.true(existsSync(vmm.path('api.sock')));
});

withQemu(title('a guest that dies takes the VMM along, with an error'), async (t) => {
  const vmm = await booted(t);
  const qemu = qemuOf(vmm);
  if (qemu === undefined) return t.fail('no QEMU below the stand-in');
  process.kill(qemu.pid, 'SIGKILL');
  t.is((await vmm.ended).code, 1);
});

withQemu(title('SIGTERM ends the guest, the VMM and their sockets in order'), async (t) => {
  const vmm = await booted(t);
  const qemu = qemuOf(vmm);
  vmm.child.kill('SIGTERM');
  t.is((await vmm.ended).code, 0);
  t.false(existsSync(vmm.path('api.sock')));
  t.true(qemu !== undefined && !isAlive(qemu));
});

withQemu(title('a resized disk grows on the host'), async (t) => {
  const vmm = await booted(t);
  await vmm.call('PUT', 'vm.resize-disk', { id: 'data', desired_size: 32 * 1024 * 1024 });
  t.is(statSync(vmm.path('data.raw')).size, 32 * 1024 * 1024);
});

withQemu(title('a disk in use by another VM is refused'), async (t) => {
  const first = await booted(t);
  const second = await VmmProcess.start(t);
  const disks = [{ path: first.path('data.raw'), serial: 'data', image_type: 'Raw' }];
  await second.call('PUT', 'vm.create', { ...vmConfig(second.dir), disks });
  const answer = await second.call('PUT', 'vm.boot');
  t.is(answer.statusCode, 500);
  t.regex(answer.body, /Failed to get Write lock for disk image: .*data\.raw/);
});

withQemu(title('a planted delay holds the guest back, not the answer'), async (t) => {
  const vmm = await VmmProcess.start(t);
  vmm.plantFaults({ bootDelayMs: 700 });
  const bootedAtMs = performance.now();
  await vmm.boot(t);
  await waitFor(() => textOf(vmm.path('console.log')).includes(tinyKernelGreeting));
  t.true(performance.now() - bootedAtMs >= 700);
});

test.serial('a stale socket is replaced, a live one refused', async (t) => {
  const first = await VmmProcess.start(t);
  const second = await VmmProcess.start(t, { dir: first.dir });
  t.is((await second.ended).code, 1);
  t.regex(second.output, /already in use by another running instance/);
  first.child.kill('SIGKILL');
  await first.ended;
  t.true(existsSync(first.path('api.sock')));
  const third = await VmmProcess.start(t, { dir: first.dir });
  t.is((await third.call('GET', 'vmm.ping')).statusCode, 200);
});

test.serial('wrong command lines end with 2, failed starts with 1 and their causes', async (t) => {
  const noFlag = await VmmProcess.start(t, { args: ['--nope'] });
  t.is((await noFlag.ended).code, 2);
  t.regex(noFlag.output, /unexpected argument '--nope' found/);
  const noFolder = await VmmProcess.start(t, { args: ['--event-monitor', 'path=/nonexistent/x'] });
  t.is((await noFolder.ended).code, 1);
  t.regex(
    noFolder.output,
    /0: Error doing event monitor I\/O\n {2}1: No such file or directory \(os error 2\)/,
  );
});

test.serial('the version names the stand-in', async (t) => {
  const vmm = await VmmProcess.start(t, { args: ['--version'], binary: standIn });
  t.is((await vmm.ended).code, 0);
  t.regex(vmm.output, /^cloud-hypervisor v53\.0\.0 \(Holt stand-in\)/);
});
