import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import { ApiClient } from '../../api/client/index.ts';
import { eventually } from '../../api/client/testing/eventually.ts';
import { freePorts } from '../../api/testing/free-ports.ts';
import { type HoltConfig, holtConfigSchema, statePaths } from '../../lib/config.ts';
import { runCommand } from '../../lib/run-command.ts';
import { type Part, planParts } from '../../setup/parts.ts';
import { ensurePki } from '../../setup/pki.ts';

/** A part that runs as its own process. */
export interface RunningPart {
  readonly process: ChildProcess;
  readonly log: string;
  /** Sends the signal and resolves with the exit code when it ended; -1 when the signal ended it. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number>;
}

/** Real etcd, holt-api and holt-manager processes on free ports, in a state directory of their own. */
export class ControlPlane {
  readonly config: HoltConfig;
  readonly client: ApiClient;
  readonly #running = new Set<RunningPart>();
  #api: RunningPart | undefined;

  private constructor(config: HoltConfig, client: ApiClient) {
    this.config = config;
    this.client = client;
  }

  /** @param overrides of the configuration, e.g. of what is audited */
  static async start(overrides: Partial<z.input<typeof holtConfigSchema>> = {}): Promise<ControlPlane> {
    const stateDir = await mkdtemp(join(tmpdir(), 'holt-manager-'));
    const [api, etcdClient, etcdPeer, managerMetrics] = await freePorts(4);
    const config = holtConfigSchema.parse({
      stateDir,
      ports: { api, etcdClient, etcdPeer, managerMetrics },
      vmm: { binary: '/bin/false', mode: 'emulated' },
      logLevel: 'debug',
      ...overrides,
    });
    const paths = statePaths(stateDir);
    await mkdir(paths.logs, { recursive: true });
    await writeFile(paths.config, JSON.stringify(config));
    await ensurePki(config, runCommand);
    const plane = new ControlPlane(config, await ApiClient.fromKubeconfigFile(paths.kubeconfig));
    try {
      await plane.#run(plane.#part('etcd'), 'etcd');
      await plane.startApi();
      return plane;
    } catch (error) {
      await plane.dispose();
      throw error;
    }
  }

  async startApi(): Promise<void> {
    this.#api = await this.#run(this.#part('holt-api'), 'holt-api');
  }

  /** SIGKILLs the API server. */
  async killApi(): Promise<void> {
    await this.#api?.end('SIGKILL');
  }

  /** Each manager has a metrics port of its own. */
  async startManager(name = 'holt-manager'): Promise<RunningPart> {
    const [managerMetrics = 0] = await freePorts(1);
    const config = { ...this.config, ports: { ...this.config.ports, managerMetrics } };
    const file = join(this.config.stateDir, `${name}.json`);
    await writeFile(file, JSON.stringify(config));
    const part = planParts(config, []).find((each) => each.name === 'holt-manager');
    if (part === undefined) throw new Error('no part holt-manager');
    const argv = part.argv.map((argument) =>
      argument === statePaths(config.stateDir).config ? file : argument,
    );
    return this.#run({ ...part, argv }, name);
  }

  /** Everything a part wrote so far. */
  async logOf(name: string): Promise<string> {
    return readFile(join(statePaths(this.config.stateDir).logs, `${name}.log`), 'utf8');
  }

  /** Ends all, in the opposite order, and removes the state. */
  async dispose(): Promise<void> {
    await this.client.close();
    for (const part of [...this.#running].reverse()) await part.end('SIGKILL');
    await rm(this.config.stateDir, { recursive: true, force: true });
  }

  #part(name: string): Part {
    const part = planParts(this.config, []).find((each) => each.name === name);
    if (part === undefined) throw new Error(`no part ${name}`);
    return part;
  }

  async #run(part: Part, name: string): Promise<RunningPart> {
    const log = join(statePaths(this.config.stateDir).logs, `${name}.log`);
    const [file = '', ...args] = part.argv;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = createWriteStream(log, { flags: 'a' });
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    const exited = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
    const running: RunningPart = {
      process: child,
      log,
      end: async (signal) => {
        this.#running.delete(running);
        child.kill(signal);
        return exited;
      },
    };
    this.#running.add(running);
    let reason: unknown;
    await eventually(
      `${name} serves`,
      async () => {
        if (child.exitCode !== null) throw new Error(`${name} ended: ${await readFile(log, 'utf8')}`);
        return part.checkHealth().then(
          () => true,
          (error: unknown) => {
            reason = error;
            return false;
          },
        );
      },
      30_000,
    ).catch((cause: unknown) => {
      throw new Error(`${cause instanceof Error ? cause.message : cause}; last: ${reason}`, { cause });
    });
    return running;
  }
}
