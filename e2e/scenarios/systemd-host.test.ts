import test from 'ava';
import { askSystemdHost } from '../harness/systemd-host/systemd-host.ts';

const MIB = 1024 * 1024;

/** What inside.ts gives to each of its programs, as the kernel shows it. */
const LIMITS = {
  'memory.max': String(24 * MIB),
  'memory.swap.max': '0',
  'cpu.max': '150000 100000',
  'pids.max': '12',
};

test.serial(
  'where systemd and cgroup v2 run, a VMM is limited, outlives the controller, and is one',
  async (t) => {
    t.timeout(300_000);
    const { facts, console } = await askSystemdHost();
    t.log(`a machine of its own, under emulation: ${Object.keys(facts).length} facts`);
    t.deepEqual(
      facts,
      {
        areWhole: true,
        'scope: cgroup': '/sys/fs/cgroup/holt.slice/holt-vm-scope00000001.scope',
        'scope: limits': LIMITS,
        'scope: too much memory': 'SIGKILL',
        'scope: forks were refused': true,
        'scope: the other one runs on': true,
        'a second VMM of one VM': 1,
        'the first one runs on': true,
        'outlives its service, in a scope': true,
        'outlives its service, without one': false,
        'own: cgroup': '/sys/fs/cgroup/holt/vm-own00000001',
        'own: limits': LIMITS,
        'own: too much memory': 'SIGKILL',
        'own: forks were refused': true,
        'own: the other one runs on': true,
        done: true,
      },
      console,
    );
  },
);
