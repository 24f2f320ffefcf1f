import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '../../api/client/api-client.ts';
import { type CommandOptions, type CommandResult, runCommand } from '../../lib/run-command.ts';
import { readPartRecord } from '../../setup/part-record.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** A Holt of its own beside the developer's: own state, own namespace, own ports. */
export class Installation {
  readonly stateDir: string;
  readonly netns: string;
  readonly routerUrl: string;
  readonly #portOffset: number;
  readonly #env: NodeJS.ProcessEnv;
  #client: ApiClient | undefined;

  /**
   * @param name short: unix sockets live below it
   * @param env added to the environment of every command
   */
  constructor(name: string, portOffset: number, env: NodeJS.ProcessEnv = {}) {
    this.stateDir = join(checkout, `.holt-${name}`);
    this.netns = `holt-${name}`;
    this.routerUrl = `http://127.0.0.1:${8080 + portOffset}`;
    this.#portOffset = portOffset;
    this.#env = { ...process.env, HOLT_STATE_DIR: this.stateDir, KUBECONFIG: this.kubeconfig, ...env };
  }

  get kubeconfig(): string {
    return join(this.stateDir, 'kubeconfig');
  }

  /** Starts from nothing, with the guest image that is built already. */
  async up(options: { readonly fresh: boolean } = { fresh: true }): Promise<CommandResult> {
    if (options.fresh) {
      await this.down();
      await rm(this.stateDir, { recursive: true, force: true });
    }
    mkdirSync(this.stateDir, { recursive: true });
    const images = join(this.stateDir, 'images');
    if (!existsSync(images)) symlinkSync(join(checkout, '.holt/images'), images);
    const flags = [
      '--detach',
      '--no-examples',
      '--netns',
      this.netns,
      '--port-offset',
      String(this.#portOffset),
    ];
    return this.holt(['dev', 'up', ...flags], { timeoutMs: 360_000 });
  }

  async down(): Promise<CommandResult> {
    await this.#client?.close();
    this.#client = undefined;
    return this.holt(['dev', 'down'], { timeoutMs: 240_000 });
  }

  /** Runs the CLI. @throws Error with its words when it exits non-zero and `mayFail` is not set */
  async holt(
    args: readonly string[],
    options: CommandOptions & { mayFail?: boolean } = {},
  ): Promise<CommandResult> {
    return this.#run([process.execPath, join(checkout, 'cli/main.ts'), ...args], options);
  }

  async kubectl(
    args: readonly string[],
    options: CommandOptions & { mayFail?: boolean } = {},
  ): Promise<CommandResult> {
    return this.#run(['kubectl', ...args], options);
  }

  async #run(
    argv: readonly string[],
    options: CommandOptions & { mayFail?: boolean },
  ): Promise<CommandResult> {
    const { mayFail, ...rest } = options;
    const result = await runCommand(argv, { timeoutMs: 240_000, env: this.#env, ...rest });
    if (result.exitCode !== 0 && mayFail !== true) {
      throw new Error(`${argv.join(' ')}: exit ${result.exitCode}\n${result.stdout}\n${result.stderr}`);
    }
    return result;
  }

  async client(): Promise<ApiClient> {
    this.#client ??= await ApiClient.fromKubeconfigFile(this.kubeconfig, { userAgent: 'holt-e2e' });
    return this.#client;
  }

  /** `name=value` of a session cookie. */
  async cookie(user: string): Promise<string> {
    return (await this.holt(['session', 'create', user, '--output', 'cookie'])).stdout.trim();
  }

  async fetchAs(cookie: string | undefined, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { accept: 'application/json', ...(cookie === undefined ? {} : { cookie }) };
    return fetch(`${this.routerUrl}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(30_000),
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
    });
  }

  /** The pid of a part. @throws Error when it does not run */
  partPid(name: string): number {
    const record = readPartRecord(join(this.stateDir, 'run'), name);
    if (record === undefined) throw new Error(`${name} does not run`);
    return record.pid;
  }

  /** The hybrid vsock socket of a VM. */
  vmSocket(uid: string): string {
    return join(this.stateDir, 'vm', uid.replaceAll('-', '').slice(0, 12), 'run/v.sock');
  }

  /** Runs a program inside the VMs' network namespace. */
  inNetns(argv: readonly string[]): Promise<CommandResult> {
    return runCommand(['ip', 'netns', 'exec', this.netns, ...argv]);
  }
}
