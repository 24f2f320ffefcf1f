import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { connectVsock, VsockError } from '../../lib/hybrid-vsock.ts';
import { VmmProcess, waitFor } from './testing/vmm-process.ts';

async function booted(t: ExecutionContext): Promise<VmmProcess> {
  const vmm = await VmmProcess.start(t, { env: { HOLT_STANDIN_NO_GUEST: '1' } });
  await vmm.boot(t);
  return vmm;
}

async function guestInfo(vmm: VmmProcess): Promise<Record<string, unknown>> {
  const socket = await connectVsock(vmm.path('v.sock'), 1027);
  let text = '';
  for await (const chunk of socket) text += chunk;
  return JSON.parse(text) as Record<string, unknown>;
}

test('says the guest information from the command line; a reboot changes the boot id', async (t) => {
  const vmm = await booted(t);
  const before = await guestInfo(vmm);
  t.is(before.vmId, 'vm-1');
  t.is(before.recycle, 'r1');
  t.is((await vmm.call('PUT', 'vm.reboot')).statusCode, 204);
  t.not((await guestInfo(vmm)).bootId, before.bootId);
});

test('no other port is taken, nor any while paused or by a planted fault', async (t) => {
  const vmm = await booted(t);
  const refused = async (port: number) => {
    const error = await t.throwsAsync(connectVsock(vmm.path('v.sock'), port), { instanceOf: VsockError });
    t.is(error?.failure, 'refused');
  };
  await refused(1024);
  vmm.plantFaults({ vsockRefuse: [1027] });
  await refused(1027);
  vmm.plantFaults({});
  await vmm.call('PUT', 'vm.pause');
  await refused(1027);
});

for (const command of [
  'CONNECT\n',
  'CONNECT x\n',
  'CONNECT 4294967296\n',
  'HELLO 1027\n',
  `CONNECT ${' '.repeat(40)}1027\n`,
]) {
  test(`the command ${JSON.stringify(command)} is answered by a close`, async (t) => {
    const vmm = await booted(t);
    const socket = connect(vmm.path('v.sock'));
    socket.on('error', () => {});
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    socket.write(command);
    await once(socket, 'close');
    t.is(received, '');
  });
}

test('a press ends it as a guest would', async (t) => {
  const vmm = await booted(t);
  await vmm.call('PUT', 'vm.power-button');
  t.is((await vmm.ended).code, 0);
  t.deepEqual(vmm.events().slice(-3), ['vm shutdown', 'vm deleted', 'vmm shutdown']);
  t.false(existsSync(vmm.path('v.sock')));
});

test('a hung call holds every later one until it is lifted', async (t) => {
  const vmm = await booted(t);
  vmm.plantFaults({ hang: ['vm.info'] });
  let isAnswered = false;
  const info = vmm.call('GET', 'vm.info').finally(() => {
    isAnswered = true;
  });
  const ping = vmm.call('GET', 'vmm.ping');
  await t.throwsAsync(waitFor(() => isAnswered, 200));
  vmm.plantFaults({});
  t.is((await info).statusCode, 200);
  t.is((await ping).statusCode, 200);
});

test('a planted failure has the call’s own words before it', async (t) => {
  const vmm = await VmmProcess.start(t, { env: { HOLT_STANDIN_NO_GUEST: '1' } });
  vmm.plantFaults({ fail: { 'vm.boot': ['Error from device manager', 'planted'] } });
  await vmm.call('PUT', 'vm.create', {});
  const answer = await vmm.call('PUT', 'vm.boot');
  t.is(answer.statusCode, 500);
  t.deepEqual(JSON.parse(answer.body), [
    'Error from API',
    'The VM could not boot',
    'Error from device manager',
    'planted',
  ]);
});

test('connections beyond ten are refused, and served again when others have gone', async (t) => {
  const vmm = await booted(t);
  let refusedCount = 0;
  const sockets = Array.from({ length: 20 }, () => connect(vmm.path('api.sock')));
  for (const socket of sockets) {
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        if (chunk.toString().startsWith('HTTP/1.1 503')) refusedCount += 1;
      });
  }
  // One more while the connection of an earlier call is closing.
  await waitFor(() => refusedCount >= 10);
  for (const socket of sockets) socket.destroy();
  await waitFor(async () => (await vmm.call('GET', 'vmm.ping')).statusCode === 200);
  t.true(refusedCount <= 11);
});

test('a body over the limit is refused, and a file in the socket’s way too', async (t) => {
  const vmm = await VmmProcess.start(t, { env: { HOLT_STANDIN_NO_GUEST: '1' } });
  const answer = await vmm.call(
    'PUT',
    'vm.create',
    JSON.stringify({ payload: { cmdline: 'x'.repeat(51_200) } }),
  );
  t.is(answer.statusCode, 400);
  t.regex(answer.body, /larger than the limit of 51200/);
  writeFileSync(vmm.path('v.sock'), '');
  await vmm.call('PUT', 'vm.create', {
    payload: { kernel: vmm.path('kernel') },
    vsock: { cid: 3, socket: vmm.path('v.sock') },
  });
  t.regex((await vmm.call('PUT', 'vm.boot')).body, /Address already in use/);
});
