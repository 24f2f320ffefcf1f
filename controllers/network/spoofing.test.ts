import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type RunCommand, runChecked, runCommand } from '../../lib/run-command.ts';
import { vmmNetnsOf } from '../host/vm-identity.ts';
import type { GuestPort } from './firewall.ts';
import { createHostNetwork } from './host-network.ts';
import { VMM_BRIDGE } from './vmm-network.ts';

const GATEWAY = '10.66.0.1';
const ALICE: GuestPort = { tap: 'ht-aaaaaaaaaaaa', mac: '02:aa:aa:aa:aa:aa', ip: '10.66.3.4' };
const BOB: GuestPort = { tap: 'ht-bbbbbbbbbbbb', mac: '02:bb:bb:bb:bb:bb', ip: '10.66.3.5' };
const PORT = 7777;

/** The product needs root; where a test has none, there is nothing to look at. */
const asRoot = process.getuid?.() === 0 ? test.serial : test.serial.skip;
const sh = (argv: readonly string[], run: RunCommand = runCommand) => runChecked(run, argv);

/**
 * Two guests on the real network of Holt. In the place of each guest's tap a pair of devices leads to a namespace
 * that plays the guest: what it sends enters the bridge at the same place.
 */
async function twoGuests(t: ExecutionContext) {
  const netns = `holt-spoof-${process.pid}`;
  const network = createHostNetwork({ netns, subnet: '10.66.0.0/16', run: runCommand });
  const guests = { [ALICE.tap]: `${netns}-alice`, [BOB.tap]: `${netns}-bob` };
  t.teardown(async () => {
    for (const guest of Object.values(guests)) await runCommand(['ip', 'netns', 'del', guest]);
    await network.destroy();
  });
  for (const port of [ALICE, BOB]) {
    const guest = guests[port.tap] ?? '';
    const inner = vmmNetnsOf(netns, port.tap.slice('ht-'.length));
    await network.ensureGuest(port);
    await sh(['ip', 'netns', 'add', guest]);
    await sh([
      'ip',
      '-n',
      inner,
      'link',
      'add',
      'in',
      'type',
      'veth',
      'peer',
      'name',
      'eth0',
      'netns',
      guest,
    ]);
    await sh(['ip', '-n', inner, 'link', 'set', 'in', 'master', VMM_BRIDGE, 'up']);
    await sh(['ip', '-n', guest, 'link', 'set', 'eth0', 'address', port.mac, 'up']);
    await sh(['ip', '-n', guest, 'addr', 'add', `${port.ip}/16`, 'dev', 'eth0']);
  }
  const inGuest = (port: GuestPort, ...argv: string[]) => sh(['ip', '-n', guests[port.tap] ?? '', ...argv]);
  return { netns, guests, inGuest };
}

/** What a connection from one namespace to an address brings: the error's code, or the word that the server sent. */
async function dial(from: string, ip: string): Promise<string> {
  const program = `
    const socket = require('node:net').connect({ host: '${ip}', port: ${PORT}, timeout: 2000 });
    const end = (word) => { console.log(word); process.exit(); };
    socket.on('data', (data) => end(String(data))).on('error', ({ code }) => end(code)).on('timeout', () => end('ETIMEDOUT'));`;
  return (await sh(['ip', 'netns', 'exec', from, process.execPath, '-e', program])).trim();
}

/** A server in a namespace that says a word to whoever connects. */
async function serve(t: ExecutionContext, namespace: string, word: string): Promise<void> {
  const ready = join(tmpdir(), `${namespace}.ready`);
  const program = `
    const server = require('node:net').createServer((socket) => socket.end('${word}'));
    server.listen(${PORT}, '0.0.0.0', () => require('node:fs').writeFileSync('${ready}', String(process.pid)));`;
  await writeFile(ready, '');
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', program], {
    stdio: 'ignore',
  });
  t.teardown(async () => {
    child.kill('SIGKILL');
    await rm(ready, { force: true });
  });
  while ((await readFile(ready, 'utf8')) === '') await new Promise((resolve) => setTimeout(resolve, 10));
}

const UNREACHED = ['EHOSTUNREACH', 'ETIMEDOUT', 'ENETUNREACH'];

asRoot('a guest is heard under its own address alone, and never reaches another or the host', async (t) => {
  t.timeout(120_000);
  const { netns, guests, inGuest } = await twoGuests(t);
  const alice = guests[ALICE.tap] ?? '';
  const bob = guests[BOB.tap] ?? '';
  await serve(t, alice, 'alice');
  await serve(t, bob, 'bob');
  await serve(t, netns, 'host');
  const forget = () => sh(['ip', '-n', netns, 'neigh', 'flush', 'all']);

  t.is(await dial(netns, ALICE.ip), 'alice', 'the edge reaches a guest');
  t.is(await dial(netns, BOB.ip), 'bob');

  t.true(UNREACHED.includes(await dial(alice, BOB.ip)), 'a guest reaches no other guest');
  t.true(UNREACHED.includes(await dial(alice, GATEWAY)), 'a guest reaches nothing of the host');

  // A stolen address: Alice answers for Bob's, and tells everybody so.
  await inGuest(ALICE, 'addr', 'add', `${BOB.ip}/32`, 'dev', 'eth0');
  await forget();
  for (let round = 0; round < 5; round += 1) t.is(await dial(netns, BOB.ip), 'bob', 'Bob stays Bob');
  await inGuest(ALICE, 'addr', 'del', `${BOB.ip}/32`, 'dev', 'eth0');

  // The gateway's address: whoever has it would hear the edge.
  await inGuest(ALICE, 'addr', 'add', `${GATEWAY}/32`, 'dev', 'eth0');
  await forget();
  t.is(await dial(netns, BOB.ip), 'bob');
  await inGuest(ALICE, 'addr', 'del', `${GATEWAY}/32`, 'dev', 'eth0');

  // A free address of the subnet.
  await inGuest(ALICE, 'addr', 'add', '10.66.9.9/16', 'dev', 'eth0');
  t.true(UNREACHED.includes(await dial(netns, '10.66.9.9')), 'an address that is not its own');
  await inGuest(ALICE, 'addr', 'del', '10.66.9.9/16', 'dev', 'eth0');

  // Another hardware address, Bob's among them: nothing that it sends passes any more.
  for (const mac of ['02:00:00:00:00:01', BOB.mac]) {
    await inGuest(ALICE, 'link', 'set', 'eth0', 'address', mac);
    await forget();
    t.true(UNREACHED.includes(await dial(netns, ALICE.ip)), mac);
    t.is(await dial(netns, BOB.ip), 'bob', mac);
  }
  await inGuest(ALICE, 'link', 'set', 'eth0', 'address', ALICE.mac);
  await forget();
  t.is(await dial(netns, ALICE.ip), 'alice', 'and under its own it is heard again');
});
