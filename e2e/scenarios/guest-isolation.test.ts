import test from 'ava';
import { container, sidecar, toYaml, userVm } from '../harness/declarations.ts';
import { ensure, eventually } from '../harness/eventually.ts';
import { Installation } from '../harness/installation.ts';
import { containerReady, getContainer, vmReady, whoAmI } from '../harness/observations.ts';

const CONTROL_PORTS = [1024, 1025, 1026, 1027];

interface Place {
  readonly ip: string;
  readonly vmId: string;
}

let holt: Installation;
let alice: Place;
let bob: Place;

async function placeOf(user: string): Promise<Place> {
  const { status } = await vmReady(holt, user);
  ensure(status?.addresses !== undefined && status.vmId !== undefined, `${user} has no address`);
  return { ip: status.addresses.ip, vmId: status.vmId };
}

test.before(async (t) => {
  t.timeout(600_000);
  holt = new Installation('iso', 22_000);
  await holt.up();
  const base = sidecar('alice');
  const suicidal = { ...base, spec: { ...base.spec, command: ['/bin/sh', '-c', 'sleep 1; exit 137'] } };
  const vms = [userVm('alice'), userVm('bob')];
  const objects = [...vms, container('alice', 'live'), container('bob', 'live'), suicidal];
  await holt.holt(['apply', '-f', '-'], { input: toYaml(objects) });
  [alice, bob] = [await placeOf('alice'), await placeOf('bob')];
  for (const user of ['alice', 'bob']) {
    await containerReady(holt, `${user}-live`);
    await whoAmI(holt, await holt.cookie(user), '/whoami');
  }
});

test.after.always(async (t) => {
  t.timeout(300_000);
  await holt?.down();
});

/** Dials each `address:port` from inside alice's live container: how each attempt ended, by target. */
async function dialFromContainer(targets: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const program = `
    const { connect } = require('node:net');
    const dial = (target) => new Promise((resolve) => {
      const [host, port] = target.split(':');
      const socket = connect({ host, port: Number(port) });
      const end = (result) => { socket.destroy(); resolve([target, result]); };
      socket.setTimeout(5000, () => end('silence'));
      socket.on('connect', () => end('open'));
      socket.on('error', (error) => end(error.code));
    });
    Promise.all(process.argv.slice(1).map(dial)).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;
  const argv = ['exec', 'alice-live', '--', '/usr/bin/node', '-e', program, '--', ...targets];
  return JSON.parse((await holt.holt(argv)).stdout) as Record<string, string>;
}

test.serial(
  'a container reaches itself and nothing of the guest, the host, other VMs or the world',
  async (t) => {
    t.timeout(180_000);
    const itself = '127.0.0.1:3000';
    const bridge = alice.ip.replace(/\.\d+\.\d+$/, '.0.1');
    const forbidden = [
      ...['10.89.0.1', alice.ip, bob.ip].flatMap((ip) =>
        [8080, ...CONTROL_PORTS].map((port) => `${ip}:${port}`),
      ),
      ...[22, 80, 2379, 6443, 8080].map((port) => `${bridge}:${port}`),
      // RFC 5737: no such host anywhere; what matters is that nothing carries the packet out.
      '192.0.2.1:443',
    ];
    const ends = await dialFromContainer([itself, ...forbidden]);
    t.is(ends[itself], 'open', 'the dialler works');
    t.deepEqual(Object.keys(ends).toSorted(), [itself, ...forbidden].toSorted());
    t.deepEqual(
      forbidden.filter((target) => ends[target] === 'open'),
      [],
    );
  },
);

test.serial("a guest takes requests for its own VM only: another VM's id is answered 421", async (t) => {
  const program = `
    require('node:http').get({ host: process.argv[1], port: 8080, path: '/whoami',
      headers: { 'x-holt-vm-id': process.argv[2], 'x-holt-route': 'live' } },
      (response) => { console.log(response.statusCode); response.resume(); });`;
  const ask = async (vmId: string) =>
    (await holt.inNetns([process.execPath, '-e', program, '--', alice.ip, vmId])).stdout.trim();
  t.is(await ask(alice.vmId), '200');
  t.is(await ask(bob.vmId), '421');
});

test.serial('a program that ends itself with 137 was not killed for its memory', async (t) => {
  t.timeout(120_000);
  await eventually('the end of alice-sidecar is told', 90_000, async () => {
    const { status } = await getContainer(holt, 'alice-sidecar');
    ensure(status?.lastExit !== undefined, 'not ended yet');
    t.like(status.lastExit, { exitCode: 137, reason: 'Error' });
  });
});
