import { type ChildProcess, fork } from 'node:child_process';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { runChecked, runCommand } from '../../lib/run-command.ts';

const MAIN = fileURLToPath(new URL('./fake-vmms-main.ts', import.meta.url));
const SCRIPT = fileURLToPath(new URL('./fake-vmm', import.meta.url));

const countsSchema = z.object({
  /** VMM processes so far. */
  started: z.int(),
  /** Of them, those that met a living one of the same VM: there must be none. */
  twice: z.int(),
  /** Living now. */
  vmms: z.int(),
  /** VMs that something is remembered of. */
  guests: z.int(),
  /** Running in the guests of living VMMs. */
  containers: z.int(),
});

export type FakeVmmCounts = z.infer<typeof countsSchema>;

/** The process that answers for all FakeVmm processes of a host, and the binary to start them with. */
export class FakeVmms {
  /** Takes the place of the `cloud-hypervisor` binary. */
  readonly binary: string;
  /** What the binary must be able to read. */
  readonly folder: string;
  readonly #child: ChildProcess;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, child: ChildProcess) {
    this.folder = folder;
    this.binary = join(folder, 'fake-vmm');
    this.#child = child;
  }

  /** @param folder is made; short, as unix sockets are near it */
  static async start(folder: string): Promise<FakeVmms> {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
    await copyFile(SCRIPT, join(folder, 'fake-vmm'));
    for (const name of ['started', 'never'])
      await runChecked(runCommand, ['mkfifo', '-m', '0666', join(folder, name)]);
    const child = fork(MAIN, [folder], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const vmms = new FakeVmms(folder, child);
    await vmms.#answer();
    return vmms;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async counts(): Promise<FakeVmmCounts> {
    return countsSchema.parse(await this.#ask({ ask: 'counts' }));
  }

  /** Ends a container's program in a guest; false where none of that name runs. */
  async endContainer(apiSocket: string, name: string, exitCode: number): Promise<boolean> {
    const answer = await this.#ask({ ask: 'endContainer', apiSocket, name, exitCode });
    return z.object({ done: z.boolean() }).parse(answer).done;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  /** One question at a time: answers carry no number. */
  #ask(question: object): Promise<unknown> {
    const answer = this.#last.then(() => {
      const coming = this.#answer();
      this.#child.send(question);
      return coming;
    });
    this.#last = answer.catch(() => {});
    return answer;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the process of the FakeVmms ended'));
      this.#child.once('exit', onExit).once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}
