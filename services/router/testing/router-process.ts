import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { statePaths } from '../../../lib/config.ts';
import type { Edge } from './edge.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** holt-router as its supervisor runs it. */
export class RouterProcess {
  readonly lines: LogLine[] = [];
  readonly #child: ChildProcess;
  #stderr = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    if (child.stdout === null || child.stderr === null) throw new Error('holt-router has no output');
    createInterface({ input: child.stdout }).on('line', (line) => this.lines.push(JSON.parse(line)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
  }

  /** Starts it with the edge's configuration and this kubeconfig. */
  static async start(edge: Edge, kubeconfig: string): Promise<RouterProcess> {
    const { config, pki } = statePaths(edge.config.stateDir);
    await mkdir(pki, { recursive: true });
    await copyFile(kubeconfig, join(pki, 'router.kubeconfig'));
    await writeFile(config, JSON.stringify(edge.config));
    return new RouterProcess(
      spawn(process.execPath, [MAIN, '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] }),
    );
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits for its end. */
  async exitCode(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  /** Ends it in order. @returns its exit code */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return this.exitCode();
  }
}
