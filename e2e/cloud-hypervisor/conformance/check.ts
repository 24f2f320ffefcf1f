import { deepStrictEqual } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { type StartOptions, type Teardown, type VmmAnswer, VmmProcess } from '../testing/vmm-process.ts';

/**
 * What a check needs of the machine besides the binary; found out once a binary (`probe.ts`).
 * `machine`: `vm.boot` answers 204. `network`: a process gets a network namespace. `snapshot`: a paused VM can be written to disk. `vsock`: a guest takes
 * connections at port 1027. `guest`: the guest's kernel runs and heeds the power button.
 */
export type Need = 'machine' | 'network' | 'snapshot' | 'vsock' | 'guest';

/** One thing that a cloud-hypervisor does, whoever made it. */
export interface Check {
  /** Part of the API that it is about, e.g. `devices`. */
  readonly area: string;
  readonly title: string;
  readonly needs?: Need;
  /** Throws what is wrong. */
  readonly run: (bench: Bench) => Promise<void>;
}

/** One step of a dialogue: the call, its body, the answer's status, its causes or body where they matter. */
export type Step = readonly [
  call: string,
  body: string | object | undefined,
  statusCode: number,
  said?: readonly string[] | string,
];

/** A binary under check, with processes that end with the check. */
export class Bench {
  readonly #binary: string;
  readonly #cleanups: (() => void | Promise<void>)[] = [];

  constructor(binary: string) {
    this.#binary = binary;
  }

  readonly teardown: Teardown = {
    teardown: (run) => {
      this.#cleanups.push(run);
    },
  };

  /** A process of its own, in a directory of its own unless one is named. */
  start(options: StartOptions = {}): Promise<VmmProcess> {
    return VmmProcess.start(this.teardown, { binary: this.#binary, ...options });
  }

  /** Ends what the check started, the last first. */
  async close(): Promise<void> {
    for (const run of this.#cleanups.splice(0).reverse()) await run();
  }
}

/** Plays steps one after another. Throws at the first answer that is not as expected. */
export async function play(vmm: VmmProcess, steps: readonly Step[]): Promise<void> {
  for (const [call, body, statusCode, said] of steps) {
    const [name, method] = call.includes(' ') ? splitCall(call) : [call, 'PUT'];
    const answer = await vmm.call(method, name, body);
    const expected = said === undefined ? { statusCode } : { statusCode, said };
    const actual = said === undefined ? { statusCode: answer.statusCode } : heard(answer);
    deepStrictEqual(actual, expected, `${call}: ${answer.statusCode} ${answer.body.slice(0, 300)}`);
  }
}

function splitCall(call: string): [name: string, method: string] {
  const [method = '', name = ''] = call.split(' ');
  return [name, method];
}

function heard({ statusCode, body }: VmmAnswer) {
  try {
    const parsed: unknown = JSON.parse(body);
    return { statusCode, said: Array.isArray(parsed) ? parsed.map(withoutPlace) : body };
  } catch {
    return { statusCode, said: body };
  }
}

/** serde says where in the text the fault is: not part of the contract. */
function withoutPlace(cause: unknown): string {
  return String(cause).replace(/ at line \d+ column \d+$/, '');
}

/** An error of a call: the API's own words come first. */
export const failed = (words: string, ...causes: string[]) => ['Error from API', words, ...causes];

/** A body that could not be read. */
export const unreadable = (cause: string) => ['Failed to deserialize JSON', cause];

/** What `vm.info` says now. */
export async function infoOf(vmm: VmmProcess): Promise<VmInfo> {
  return JSON.parse((await vmm.call('GET', 'vm.info')).body) as VmInfo;
}

export interface VmInfo {
  readonly state: string;
  readonly memory_actual_size: number;
  readonly config: {
    readonly disks?: readonly { readonly id?: string; readonly path?: string }[];
    readonly net?: readonly { readonly id?: string; readonly tap?: string }[];
    readonly vsock?: { readonly id?: string };
    readonly cpus: { readonly boot_vcpus: number };
    readonly memory: { readonly size: number };
  };
}

/** Takes a file or socket out of the way. */
export function clear(path: string): void {
  rmSync(path, { force: true });
}
