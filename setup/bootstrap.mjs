// The one file that runs on whatever Node the machine has (>= 20), before any package is installed: it makes the
// machine ready (apt packages, npm packages) and hands over to the pinned Node. Everything else is TypeScript.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const checkout = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [24, 12];

/** Programs that Holt runs, and the Debian package that brings each. */
const PROGRAMS = [
  ['etcd', 'etcd-server', 'the store'],
  ['haproxy', 'haproxy', 'the edge'],
  ['qemu-system-x86_64', 'qemu-system-x86', 'emulation where there is no hardware virtualisation'],
  ['mmdebstrap', 'mmdebstrap', 'the guest image build'],
  ['mkfs.erofs', 'erofs-utils', 'the guest image build'],
  ['mkfs.ext4', 'e2fsprogs', 'data volumes'],
  ['nft', 'nftables', "the VMs' network"],
  ['ip', 'iproute2', "the VMs' network"],
  ['openssl', 'openssl', 'certificates'],
  ['cpio', 'cpio', 'the guest image build'],
  ['kubectl', 'kubernetes-client', 'the command line of the Kubernetes API'],
  ['setpriv', 'util-linux', 'tying helpers to their parent'],
];

/** The services that packages bring and Debian starts at once. */
const SERVICES = { 'etcd-server': 'etcd.service', haproxy: 'haproxy.service' };

// npm puts node_modules/.bin first, where a package's program may have the name of one of ours: `nft` is there.
const searchPath = [
  ...(process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.endsWith('node_modules/.bin')),
  '/usr/sbin',
  '/sbin',
  '/usr/local/sbin',
];

function onPath(program) {
  return searchPath.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

function run(argv, options = {}) {
  return spawnSync(argv[0], argv.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    ...options,
  });
}

/** Installs what is missing by apt; where that can't be done it says exactly what is missing and goes on. */
function ensurePrograms() {
  const missing = PROGRAMS.filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (!onPath('apt-get')) {
    say('holt: this machine has no apt; going on with what is on the PATH. Missing:');
    for (const [program, name, use] of missing) say(`  ${program} (${use}; Debian package ${name})`);
    return;
  }
  say(`holt: installing ${packages.length} Debian packages: ${packages.join(' ')}`);
  installPackages(packages, missing);
}

/** Installs by apt; what can't be installed is named, and the rest goes on. */
function installPackages(packages, missing) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = run(['apt-get', 'update', '-qq'], { env });
  if (update.status !== 0)
    say(`holt: apt-get update failed, trying with the lists at hand: ${lastLine(update.stderr)}`);
  const install = (names) =>
    run(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names], { env });
  const all = install(packages);
  if (all.status !== 0) for (const name of packages) install([name]);
  stopServices(packages);
  for (const [program, name, use] of missing) {
    if (onPath(program)) continue;
    say(
      `holt: ${program} (${use}) is missing: package ${name} could not be installed: ${lastLine(all.stderr)}`,
    );
  }
}

/** Debian starts what it installs; Holt runs these programs itself. What was there before is left alone. */
function stopServices(packages) {
  if (!existsSync('/run/systemd/system')) return;
  for (const name of packages) {
    if (name in SERVICES) run(['systemctl', 'disable', '--now', SERVICES[name]]);
  }
}

function lastLine(text) {
  return (text ?? '').trim().split('\n').at(-1) ?? '';
}

function firstLines(text) {
  return (text ?? '').trim().split('\n').slice(0, 12).join('\n');
}

/** `npm ci`, once for each state of the lockfile. */
function ensurePackages() {
  const lockPath = join(checkout, 'package-lock.json');
  const digest = createHash('sha256').update(readFileSync(lockPath)).digest('hex');
  const stampPath = join(checkout, 'node_modules', '.holt-lock-digest');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === digest) return;
  say('holt: installing npm packages');
  const result = run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: checkout });
  if (result.status !== 0) {
    say(
      `holt: npm ci failed; check that the package registry is reachable, then run the command again:\n${firstLines(result.stderr)}`,
    );
    process.exit(1);
  }
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, digest);
}

/** The pinned Node that npm brought, else this one where it is new enough. */
export function findNode() {
  const pinned = join(checkout, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]))
    return process.execPath;
  say(
    `holt: no Node >= ${OLDEST_NODE.join('.')} for ${process.arch}: this is ${process.versions.node} and npm brought none; ` +
      'run "npm ci" in the checkout, or put a newer Node on the PATH',
  );
  process.exit(1);
}

/**
 * The environment for what runs under the pinned Node: the machine's own programs, and this Node first. Every process
 * of Holt strips and compiles the same TypeScript: Node keeps what came of it here, which halves the time of a start.
 * A folder that can't be written to is no failure: Node goes on without.
 */
export function cleanEnvironment(node) {
  return {
    NODE_COMPILE_CACHE: join(checkout, 'node_modules', '.cache', 'node-compile'),
    ...process.env,
    PATH: [dirname(node), ...searchPath].join(delimiter),
  };
}

/** Hands over to the pinned Node; signals reach the child by the terminal's process group or are passed on. */
function handOver(args) {
  const node = findNode();
  const child = spawn(node, args, { stdio: 'inherit', env: cleanEnvironment(node) });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {});
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
}

function main([command = '', ...rest]) {
  if (command === 'packages') return ensurePackages();
  const needsSetUp = !(command === 'dev' && rest[0] !== 'up');
  if (needsSetUp) {
    if (process.getuid?.() !== 0) {
      say(
        'holt: needs root (it makes network namespaces, taps and virtual machines); run the command again with sudo',
      );
      process.exit(1);
    }
    ensurePrograms();
    ensurePackages();
  }
  const script = command === 'dev' ? 'cli/main.ts' : 'setup/run.ts';
  handOver([join(checkout, script), command, ...rest]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
