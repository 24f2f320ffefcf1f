import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runChecked, runCommand } from '../../../lib/run-command.ts';
import { defaultStateDir } from '../../../setup/dev-config.ts';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const PROGRAM = 'e2e/harness/systemd-host/inside.ts';
/** What the program imports. */
const SOURCES = [PROGRAM, 'controllers/confinement', 'lib/run-command.ts'];
/** Libraries of Node that a small machine may lack; it has the C library itself. */
const NODE_LIBRARIES = /=> (\S*\/(?:libatomic|libstdc\+\+|libgcc_s)\.so\S*)/g;
const BOUND_MS = 240_000;

const manifestSchema = z.object({ cmdline: z.string() });
const factSchema = z.object({ fact: z.string(), value: z.unknown() });

export type Facts = Readonly<Record<string, unknown>>;

/**
 * Boots the guest image as a host: a machine of its own, with systemd as init and cgroup v2, which a development
 * machine or a container may lack. Runs inside.ts there as root and returns what it found out, with the console's
 * text. The machine has no network.
 * @throws Error when no image is built, or the machine did not power off in time
 */
export async function askSystemdHost(): Promise<{ readonly facts: Facts; readonly console: string }> {
  const image = findImage();
  const directory = mkdtempSync(join(tmpdir(), 'holt-systemd-host-'));
  try {
    const disk = await makeProgramDisk(directory);
    const text = await runMachine(image, disk);
    return { facts: factsOf(text), console: text };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function findImage(): string {
  const images = join(defaultStateDir(), 'images');
  const manifest = globSync('*/manifest.json', { cwd: images }).sort()[0];
  if (manifest === undefined) throw new Error(`no guest image in ${images}: npm start builds it`);
  return join(images, dirname(manifest));
}

/** A disk with Node and the program. */
async function makeProgramDisk(directory: string): Promise<string> {
  const stage = join(directory, 'stage');
  mkdirSync(stage);
  for (const source of SOURCES) cpSync(join(checkout, source), join(stage, source), { recursive: true });
  writeFileSync(join(stage, 'package.json'), '{"type":"module"}');
  cpSync(process.execPath, join(stage, 'node'));
  const libraries = await runChecked(runCommand, ['ldd', process.execPath]);
  for (const [, path = ''] of libraries.matchAll(NODE_LIBRARIES))
    copyFileSync(path, join(stage, basename(path)));
  const disk = join(directory, 'program.erofs');
  await runChecked(runCommand, ['mkfs.erofs', disk, stage]);
  return disk;
}

/** What is typed into the root shell of the serial console. */
const SCRIPT = [
  'mkdir -p /program',
  'cd /sys/block; for b in vd*; do grep -qx program $b/serial && mount -t erofs -o ro /dev/$b /program; done; cd /',
  `LD_LIBRARY_PATH=/program /program/node /program/${PROGRAM}`,
  'systemctl poweroff -ff',
].join('; ');

async function runMachine(image: string, disk: string): Promise<string> {
  const { cmdline } = manifestSchema.parse(JSON.parse(readFileSync(join(image, 'manifest.json'), 'utf8')));
  const append = `${cmdline} holt.console=1 holt.vm_id=vm-host holt.user=host holt.ip=10.66.0.5/16 holt.gw=10.66.0.1`;
  const argv = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-machine', 'q35,usb=off', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '768'],
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initramfs'), '-append', append],
    ...['-object', 'rng-random,id=rng,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng'],
    ...[...diskArgv(join(image, 'root.erofs'), 'root'), ...diskArgv(disk, 'program')],
  ];
  const machine = spawn('qemu-system-x86_64', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  const bound = setTimeout(() => machine.kill('SIGKILL'), BOUND_MS);
  let text = '';
  let isAsked = false;
  machine.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (isAsked || !text.includes('# ')) return;
    isAsked = true;
    machine.stdin.write(`${SCRIPT}\n`);
  });
  const [code] = await once(machine, 'close');
  clearTimeout(bound);
  if (code !== 0) throw new Error(`the machine did not power off within ${BOUND_MS} ms:\n${text}`);
  return text;
}

function diskArgv(path: string, serial: string): string[] {
  const drive = `file=${path},format=raw,if=none,readonly=on,id=${serial}`;
  return ['-drive', drive, '-device', `virtio-blk-pci,drive=${serial},serial=${serial}`];
}

function factsOf(text: string): Facts {
  const facts = [...text.matchAll(/^fact (\{.*\})\r?$/gm)].map(([, json = '']) =>
    factSchema.parse(JSON.parse(json)),
  );
  return Object.fromEntries(facts.map(({ fact, value }) => [fact, value]));
}
