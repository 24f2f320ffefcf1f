import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const HELPER = fileURLToPath(new URL('./ingress-prober-main.ts', import.meta.url));
const GUEST_INGRESS_PORT = 8080;
const answerSchema = z.object({ id: z.int(), ok: z.boolean() });

type Helper = ChildProcessByStdio<Writable, Readable, null>;

/**
 * Asks guests' ingresses from inside the namespace. A process cannot enter a namespace after its start, so one
 * long-lived helper does the asking; it is started at the first question and again when it is gone.
 */
export class IngressProber {
  readonly #netns: string;
  readonly #waiting = new Map<number, (ok: boolean) => void>();
  #helper: Helper | undefined;
  #nextId = 1;

  constructor(netns: string) {
    this.#netns = netns;
  }

  /** Whether anything that speaks HTTP answers at the VM's ingress within `timeoutMs`. */
  answers(ip: string, timeoutMs: number): Promise<boolean> {
    const helper = this.#helper ?? this.#start();
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const settle = (ok: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(ok);
      };
      // The helper bounds the request itself; this bounds the helper, its start included.
      const timer = setTimeout(() => settle(false), timeoutMs + 5_000);
      this.#waiting.set(id, settle);
      helper.stdin.write(
        `${JSON.stringify({ id, url: `http://${ip}:${GUEST_INGRESS_PORT}/`, timeoutMs })}\n`,
      );
    });
  }

  close(): void {
    this.#helper?.stdin.end();
  }

  #start(): Helper {
    const argv = ['netns', 'exec', this.#netns, process.execPath, HELPER];
    const helper = spawn('ip', argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#helper = helper;
    const onGone = () => {
      if (this.#helper !== helper) return;
      this.#helper = undefined;
      for (const settle of [...this.#waiting.values()]) settle(false);
    };
    helper.on('error', onGone).on('exit', onGone);
    helper.stdin.on('error', () => {});
    createInterface({ input: helper.stdout }).on('line', (line) => {
      const answer = answerSchema.safeParse(JSON.parse(line));
      if (answer.success) this.#waiting.get(answer.data.id)?.(answer.data.ok);
    });
    return helper;
  }
}
