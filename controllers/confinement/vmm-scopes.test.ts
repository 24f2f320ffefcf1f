import test from 'ava';
import { openVmmResources } from './vmm-resources.ts';
import { VmmScopes } from './vmm-scopes.ts';

const LIMITS = { memoryBytes: 1000, cpus: 1.5, pids: 70 };

test('a VMM gets a scope of its own, with its limits', async (t) => {
  const prefix = await new VmmScopes(255, true).prepare('vm-0123456789ab', LIMITS);
  t.deepEqual(prefix.slice(0, 2), ['systemd-run', '--scope']);
  t.is(prefix.at(-1), '--');
  for (const argument of [
    '--unit=holt-vm-0123456789ab.scope',
    '--property=MemoryMax=1000',
    '--property=MemorySwapMax=0',
    '--property=CPUQuota=150%',
    '--property=TasksMax=70',
    '--property=OOMPolicy=kill',
  ])
    t.true(prefix.includes(argument), argument);
});

test('an older systemd is not asked for what it does not know', async (t) => {
  const prefix = await new VmmScopes(252, true).prepare('vm-0123456789ab', LIMITS);
  t.false(prefix.some((argument) => argument.includes('OOMPolicy')));
});

test('scopes are used where systemd is the init, and are whole with cgroup v2 only', async (t) => {
  const ran: (readonly string[])[] = [];
  const resources = await openVmmResources(
    async (argv) => {
      ran.push(argv);
      return { exitCode: 0, stdout: 'systemd 252 (252.38-1~deb12u1)\n+PAM +AUDIT\n', stderr: '' };
    },
    { systemdRuns: import.meta.dirname, cgroupMount: '/nowhere' },
  );
  t.true(resources instanceof VmmScopes);
  t.false(resources.areWhole);
  t.deepEqual(ran, [['systemd-run', '--version']]);
});

test('a host with neither has no limits, and says so', async (t) => {
  const none = await openVmmResources(async () => t.fail() as never, {
    systemdRuns: '/nowhere',
    cgroupMount: '/nowhere',
  });
  t.false(none.areWhole);
  t.deepEqual(await none.prepare('vm-0123456789ab', LIMITS), []);
});
