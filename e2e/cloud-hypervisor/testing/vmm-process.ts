import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tinyKernel } from './tiny-kernel.ts';

export const standIn = fileURLToPath(new URL('../cloud-hypervisor', import.meta.url));

export interface VmmAnswer {
  readonly statusCode: number;
  readonly body: string;
}

/** Runs what is left to do when a test is over; ava's ExecutionContext is one. */
export interface Teardown {
  teardown(run: () => void | Promise<void>): void;
}

/** What a boot is checked with. */
export interface Assertions {
  deepEqual(actual: VmmAnswer, expected: VmmAnswer): void;
}

/** A cloud-hypervisor, or the stand-in, in a directory of its own that goes with the test. */
export class VmmProcess {
  readonly dir: string;
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #output = '';

  private constructor(dir: string, child: ChildProcess) {
    this.dir = dir;
    this.child = child;
    this.ended = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Starts it and waits until it listens; also returns when it ended instead. */
  static async start(
    t: Teardown,
    { binary = standIn, env = {}, args = [], dir = makeDir(t), launcher = [] }: StartOptions = {},
  ): Promise<VmmProcess> {
    const socket = join(dir, 'api.sock');
    const argv = [
      ...launcher,
      binary,
      '--api-socket',
      `path=${socket}`,
      '--event-monitor',
      `path=${join(dir, 'events')}`,
      ...args,
    ];
    const child = spawn(argv[0] ?? binary, argv.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    const vmm = new VmmProcess(dir, child);
    t.teardown(async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await vmm.ended;
    });
    await waitFor(
      () =>
        child.exitCode !== null ||
        vmm.call('GET', 'vmm.ping').then(
          () => true,
          () => false,
        ),
    );
    return vmm;
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the VMM did not start');
    return this.child.pid;
  }

  /** What it wrote to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  call(method: string, name: string, body?: string | object): Promise<VmmAnswer> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const path = name.startsWith('/') ? name : `/api/v1/${name}`;
    return new Promise((resolve, reject) => {
      const headers = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
      const outgoing = request(
        { socketPath: this.path('api.sock'), method, path, headers, agent: false },
        (response) => {
          let answer = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            answer += chunk;
          });
          response.on('error', reject);
          response.on('end', () => resolve({ statusCode: response.statusCode ?? 0, body: answer }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }

  /** Creates and boots the VM of `vmConfig`. */
  async boot(t: Assertions, config: object = vmConfig(this.dir)): Promise<void> {
    t.deepEqual(await this.call('PUT', 'vm.create', config), { statusCode: 204, body: '' });
    t.deepEqual(await this.call('PUT', 'vm.boot'), { statusCode: 204, body: '' });
  }

  /** Names of the events so far, as `source event`. */
  events(): string[] {
    const text = readFileSync(this.path('events'), 'utf8');
    const objects = text.split('\n\n').filter((part) => part.trim() !== '');
    return objects.map((part) => {
      const { source, event } = JSON.parse(part) as { source: string; event: string };
      return `${source} ${event}`;
    });
  }

  plantFaults(faults: object): void {
    writeFileSync(this.path('faults.new'), JSON.stringify(faults));
    renameSync(this.path('faults.new'), this.path('api.sock.faults'));
  }
}

export interface StartOptions {
  readonly binary?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly args?: readonly string[];
  readonly dir?: string;
  /** Command line that the binary's is appended to. */
  readonly launcher?: readonly string[];
}

/** A directory with two disks of 16 MiB and the tiny kernel. */
export function makeDir(t: Teardown): string {
  const dir = mkdtempSync(join(tmpdir(), 'ch-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const disk of ['root.raw', 'data.raw']) {
    writeFileSync(join(dir, disk), '');
    truncateSync(join(dir, disk), 16 * 1024 * 1024);
  }
  writeFileSync(join(dir, 'kernel'), tinyKernel());
  return dir;
}

/** A small VM on what `makeDir` made. */
export function vmConfig(dir: string): Record<string, unknown> {
  return {
    payload: { kernel: `${dir}/kernel`, cmdline: 'console=ttyS0 holt.vm_id=vm-1 holt.recycle=r1' },
    cpus: { boot_vcpus: 1, max_vcpus: 1 },
    memory: { size: 64 * 1024 * 1024 },
    disks: [
      { path: `${dir}/root.raw`, readonly: true, serial: 'root', image_type: 'Raw' },
      { path: `${dir}/data.raw`, serial: 'data', id: 'data', image_type: 'Raw' },
    ],
    vsock: { cid: 3, socket: `${dir}/v.sock` },
    serial: { mode: 'File', file: `${dir}/console.log` },
    console: { mode: 'Off' },
  };
}

/** Waits until the condition holds; throws after `timeoutMs`. */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Text of a file, empty while there is none. */
export function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Why no real guest can be started here; undefined when it can. */
export function whyNoQemu(): string | undefined {
  const folders = (process.env.PATH ?? '').split(':');
  return folders.some((folder) => existsSync(join(folder, 'qemu-system-x86_64')))
    ? undefined
    : 'qemu-system-x86_64 is not on the PATH (apt-get install qemu-system-x86)';
}
