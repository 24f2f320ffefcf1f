import type { z } from 'zod';
import { type VmConfig, vmConfigSchema } from './vm-config.ts';
import {
  errorBodySchema,
  type VmCounters,
  type VmInfo,
  type VmmPing,
  type VmResize,
  vmCountersSchema,
  vmInfoSchema,
  vmmPingSchema,
} from './vmm-answers.ts';
import { VmmApiError, VmmUnreachableError } from './vmm-error.ts';
import { exchangeWithVmm, type VmmHttpAnswer } from './vmm-transport.ts';

export interface VmmClientOptions {
  /** The VMM's `--api-socket path=`. */
  readonly socketPath: string;
  /** Bound of a call where it names none. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface VmmCallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The VMM reads no larger request body (up to v53) and answers a larger one by a 400 and a closed connection. */
export const vmmBodyBytesMax = 51_200;

/**
 * cloud-hypervisor's REST API over its unix socket (`/api/v1`). One object a VMM; it holds no connection.
 * The VMM serves all calls one after another, so a slow call delays every other. Each method throws
 * VmmApiError where the VMM answered with an error, and VmmUnreachableError where it gave no readable answer.
 */
export class VmmClient {
  readonly #socketPath: string;
  readonly #timeoutMs: number;

  constructor(options: VmmClientOptions) {
    this.#socketPath = options.socketPath;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** Version, pid and features of the VMM process. */
  ping(options?: VmmCallOptions): Promise<VmmPing> {
    return this.#get('vmm.ping', vmmPingSchema, options);
  }

  /** Configuration and state. A VmmApiError with `isVmNotCreated` when there is no VM. */
  info(options?: VmmCallOptions): Promise<VmInfo> {
    return this.#get('vm.info', vmInfoSchema, options);
  }

  /** Device counters of a running VM. */
  counters(options?: VmmCallOptions): Promise<VmCounters> {
    return this.#get('vm.counters', vmCountersSchema, options);
  }

  /** Gives the VMM its VM's configuration; nothing runs yet. An error when it has one already. */
  create(config: VmConfig, options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.create', vmConfigSchema.parse(config), options);
  }

  boot(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.boot', undefined, options);
  }

  pause(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.pause', undefined, options);
  }

  resume(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.resume', undefined, options);
  }

  /** Hard stop, without the guest's help; the configuration stays and `info` says `Created`. */
  shutdown(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.shutdown', undefined, options);
  }

  reboot(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.reboot', undefined, options);
  }

  /** Presses the ACPI power button. The guest's power-off then ends the VMM process. */
  powerButton(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.power-button', undefined, options);
  }

  /** Stops the VM where it runs and clears its configuration. */
  delete(options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.delete', undefined, options);
  }

  /** Writes a paused VM to new files in a folder, given as a `file://` address; it stays paused. */
  snapshot(destinationUrl: string, options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.snapshot', { destination_url: destinationUrl }, options);
  }

  /** Gives a VMM without a VM the VM of a snapshot, paused. */
  restore(sourceUrl: string, options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.restore', { source_url: sourceUrl }, options);
  }

  resize(to: VmResize, options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.resize', to, options);
  }

  /** Grows or shrinks the disk with this id to `sizeBytes`; the guest sees the change. */
  resizeDisk(id: string, sizeBytes: number, options?: VmmCallOptions): Promise<void> {
    return this.#put('vm.resize-disk', { id, desired_size: sizeBytes }, options);
  }

  /** Ends the VMM process and the VM in it, hard. */
  vmmShutdown(options?: VmmCallOptions): Promise<void> {
    return this.#put('vmm.shutdown', undefined, options);
  }

  async #get<T>(call: string, schema: z.ZodType<T>, options: VmmCallOptions = {}): Promise<T> {
    const answer = await this.#exchange('GET', call, undefined, options);
    const parsed = schema.safeParse(parseJson(call, answer.body));
    if (!parsed.success) {
      throw new VmmUnreachableError(
        call,
        'malformed',
        `unexpected answer: ${parsed.error.message}`,
        parsed.error,
      );
    }
    return parsed.data;
  }

  async #put(call: string, body: object | undefined, options: VmmCallOptions = {}): Promise<void> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    if (text !== undefined && Buffer.byteLength(text) > vmmBodyBytesMax) {
      throw new RangeError(
        `${call}: body of ${Buffer.byteLength(text)} bytes; the VMM reads at most ${vmmBodyBytesMax}`,
      );
    }
    await this.#exchange('PUT', call, text, options);
  }

  async #exchange(method: 'GET' | 'PUT', call: string, body: string | undefined, options: VmmCallOptions) {
    const answer = await exchangeWithVmm({
      socketPath: this.#socketPath,
      method,
      call,
      ...(body === undefined ? {} : { body }),
      timeoutMs: options.timeoutMs ?? this.#timeoutMs,
      signal: options.signal,
    });
    if (answer.statusCode < 200 || answer.statusCode > 299) throw apiError(call, answer);
    return answer;
  }
}

function apiError(call: string, answer: VmmHttpAnswer): VmmApiError {
  try {
    return new VmmApiError(call, answer.statusCode, errorBodySchema.parse(JSON.parse(answer.body)));
  } catch {
    // The HTTP layer's own refusals (bad request line, too many connections) are not arrays.
    return new VmmApiError(call, answer.statusCode, answer.body === '' ? [] : [answer.body.slice(0, 500)]);
  }
}

function parseJson(call: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VmmUnreachableError(call, 'malformed', `answer is not JSON: ${text.slice(0, 200)}`, error);
  }
}
