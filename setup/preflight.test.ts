import test from 'ava';
import { runCommand } from '../lib/run-command.ts';
import { cpuFlagIn, type HostFacts, memoryAvailableIn } from './host-facts.ts';
import { decidePreflight, runPreflight } from './preflight.ts';

const gib = 1024 ** 3;

const good: HostFacts = {
  cpuFlag: 'svm',
  kvmError: undefined,
  cloudHypervisor: { path: '/usr/bin/cloud-hypervisor', version: 'cloud-hypervisor v53.0' },
  missingTools: [],
  tunError: undefined,
  memoryAvailableBytes: 8 * gib,
  folder: '/srv/holt',
  diskFreeBytes: 20 * gib,
  userId: 0,
};

const decide = (facts: Partial<HostFacts>) => decidePreflight({ ...good, ...facts }, '/stand-in');

test('hardware virtualisation and a release new enough: the real VMM', (t) => {
  t.deepEqual(decide({}), {
    vmm: {
      binary: '/usr/bin/cloud-hypervisor',
      readPaths: ['/usr/bin/cloud-hypervisor'],
      mode: 'kvm',
      reason: 'CPU flag svm, /dev/kvm opens, /usr/bin/cloud-hypervisor is cloud-hypervisor v53.0',
    },
    findings: [],
  });
});

test('a /dev/kvm without the CPU flag does not count', (t) => {
  const { vmm } = decide({ cpuFlag: undefined });
  t.is(vmm.mode, 'emulated');
  t.is(vmm.binary, '/stand-in');
  t.regex(vmm.reason, /no vmx or svm flag in \/proc\/cpuinfo, \/dev\/kvm opens, which does not suffice/);
});

test('the reason names every obstacle', (t) => {
  const { vmm } = decide({ cpuFlag: undefined, kvmError: 'ENOENT', cloudHypervisor: undefined });
  t.regex(vmm.reason, /no vmx or svm flag/);
  t.regex(vmm.reason, /\/dev\/kvm does not open \(ENOENT\)/);
  t.regex(vmm.reason, /no cloud-hypervisor on the PATH/);
});

const modes: readonly (readonly [string, 'kvm' | 'emulated'])[] = [
  ['cloud-hypervisor v51.1', 'kvm'],
  ['cloud-hypervisor v51.1.0', 'kvm'],
  ['cloud-hypervisor v52.0', 'kvm'],
  ['cloud-hypervisor v53.0-dirty', 'kvm'],
  ['cloud-hypervisor v100.0', 'kvm'],
  ['cloud-hypervisor v51.0', 'emulated'],
  ['cloud-hypervisor v50.2', 'emulated'],
  ['cloud-hypervisor v53.0.0 (Holt stand-in)', 'emulated'],
  ['not runnable (exit 127)', 'emulated'],
  ['', 'emulated'],
];

for (const [version, mode] of modes) {
  test(`version '${version}' leads to ${mode}`, (t) => {
    const { vmm } = decide({ cloudHypervisor: { path: '/opt/ch', version } });
    t.is(vmm.mode, mode);
    if (mode === 'emulated') t.regex(vmm.reason, /\/opt\/ch is .*v51\.1 or later is needed/);
  });
}

test('what stops Holt is fatal and names a remedy', (t) => {
  const { findings } = decide({
    cpuFlag: undefined,
    userId: 1000,
    tunError: 'ENOENT',
    missingTools: [{ name: 'qemu-system-x86_64', aptPackage: 'qemu-system-x86' }],
    memoryAvailableBytes: gib,
    diskFreeBytes: gib,
  });
  t.deepEqual(
    findings.map(({ fatal }) => fatal),
    [true, true, true, true, true],
  );
  const text = findings.map(({ message }) => message).join('\n');
  for (const words of [
    /run as root/,
    /modprobe tun/,
    /apt-get install qemu-system-x86/,
    /1\.0 GiB of memory/,
    /\/srv\/holt/,
  ]) {
    t.regex(text, words);
  }
});

test('little memory or disk is a note; the real VMM needs no QEMU', (t) => {
  const { findings } = decide({
    memoryAvailableBytes: 2 * gib,
    diskFreeBytes: 3 * gib,
    missingTools: [{ name: 'qemu-system-x86_64', aptPackage: 'qemu-system-x86', isForStandIn: true }],
  });
  t.deepEqual(
    findings.map(({ fatal }) => fatal),
    [false, false],
  );
});

test('texts of /proc', (t) => {
  t.is(cpuFlagIn('processor\t: 0\nflags\t\t: fpu vmx sse\n'), 'vmx');
  t.is(cpuFlagIn('flags : fpu sse\nvmx flags : vnmi\n'), undefined);
  t.is(memoryAvailableIn('MemTotal:  2 kB\nMemAvailable:    1024 kB\n'), 1024 * 1024);
});

test('this machine gets a VMM', async (t) => {
  const { vmm } = await runPreflight({ run: runCommand, env: process.env });
  t.true(vmm.reason.length > 0);
  t.true(vmm.binary.startsWith('/'));
});
