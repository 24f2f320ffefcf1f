import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { container, sidecar, toYaml, userVm } from '../harness/declarations.ts';
import { ensure, eventually } from '../harness/eventually.ts';
import { Installation } from '../harness/installation.ts';
import { containerReady, getContainer, getVm, vmReady, whoAmI } from '../harness/observations.ts';

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

/** The VMM of a user's VM, and whatever it started: they share a session. */
async function vmmProcesses(user: string): Promise<number[]> {
  const pid = (await getVm(holt, user)).status?.vmmPid;
  ensure(pid !== undefined, `${user} has no VMM`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) === pid;
      } catch {
        return false;
      }
    });
}

function statusOf(pid: number): Record<string, string> {
  const lines = readFileSync(`/proc/${pid}/status`, 'utf8').split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.split(':')[0] ?? '', line.slice(line.indexOf(':') + 1).trim()]),
  );
}

test.serial(
  'every process of a VM has a user of its own, no capability, and its own namespaces',
  async (t) => {
    const users = new Map<string, Set<string>>();
    for (const user of ['alice', 'bob']) {
      const pids = await vmmProcesses(user);
      t.true(pids.length > 0);
      const ids = new Set<string>();
      for (const pid of pids) {
        const status = statusOf(pid);
        ids.add(status.Uid ?? '');
        t.is(status.Uid, status.Gid, `${user} ${pid}`);
        t.is(status.Groups, '');
        t.is(status.NoNewPrivs, '1');
        for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
          t.is(status[set], '0'.repeat(16), set);
        for (const namespace of ['mnt', 'net'])
          t.not(readlinkSync(`/proc/${pid}/ns/${namespace}`), readlinkSync(`/proc/self/ns/${namespace}`));
      }
      // What runs the guest's code filters its system calls: cloud-hypervisor itself, or the stand-in's emulator.
      t.true(
        pids.some((pid) =>
          readdirSync(`/proc/${pid}/task`).some((task) => statusOf(Number(task)).Seccomp === '2'),
        ),
      );
      users.set(user, ids);
    }
    const [ofAlice, ofBob] = [users.get('alice'), users.get('bob')];
    t.is(ofAlice?.size, 1);
    t.true(ofAlice?.isDisjointFrom(ofBob ?? new Set()));
    t.false(ofAlice?.has('0\t0\t0\t0'));
  },
);

test.serial("a VMM sees its own files alone, and its sockets are its user's", async (t) => {
  const vm = await getVm(holt, 'alice');
  const other = await getVm(holt, 'bob');
  const root = `/proc/${vm.status?.vmmPid}/root`;
  const shortId = (uid: string) => uid.replaceAll('-', '').slice(0, 12);
  const run = join(holt.stateDir, 'vm', shortId(vm.metadata.uid), 'run');
  for (const name of ['api.sock', 'v.sock', 'console.log']) {
    t.is(statSync(join(run, name)).mode & 0o077, 0, name);
    t.not(statSync(join(run, name)).uid, 0, name);
  }
  t.deepEqual(readdirSync(join(root, holt.stateDir, 'vm')), [shortId(vm.metadata.uid)]);
  t.deepEqual(readdirSync(join(root, holt.stateDir, 'volumes')), [`${vm.metadata.uid}.raw`]);
  t.false(readdirSync(join(root, holt.stateDir)).includes('pki'));
  t.not(
    statSync(join(holt.stateDir, 'volumes', `${vm.metadata.uid}.raw`)).uid,
    statSync(join(holt.stateDir, 'volumes', `${other.metadata.uid}.raw`)).uid,
  );
});
