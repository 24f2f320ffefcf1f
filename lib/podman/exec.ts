import type { Socket } from 'node:net';
import { z } from 'zod';
import { upgradeOverVsock, type VsockAddress } from '../http-over-vsock.ts';
import type { CallOptions } from './containers.ts';
import { demultiplex, type OutputChunk } from './multiplexed-stream.ts';
import { callPodman, callPodmanJson, podmanUrl } from './podman-api.ts';

export interface ExecOptions {
  readonly command: readonly string[];
  /** A terminal: one stream, resizable. */
  readonly tty?: boolean;
  readonly stdin?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** First size of the terminal, in characters. */
  readonly size?: TerminalSize;
  readonly signal?: AbortSignal;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A command that runs in a container. */
export interface ExecSession {
  readonly id: string;
  /** Writing is the command's stdin; `end()` closes it. Read `output` instead of it. */
  readonly socket: Socket;
  /** All of it comes as stdout where there is a terminal. */
  readonly output: AsyncIterable<OutputChunk>;
  resize(size: TerminalSize): Promise<void>;
  /** Once `output` has ended. @throws Error while the command still runs */
  exitCode(options?: CallOptions): Promise<number>;
}

const createdSchema = z.object({ Id: z.string() });
const inspectSchema = z.object({ Running: z.boolean(), ExitCode: z.int() });

/**
 * Starts a command in a running container and hands over its streams.
 * @throws PodmanError, VsockError, VsockHttpError
 */
export async function execInContainer(
  address: VsockAddress,
  container: string,
  options: ExecOptions,
): Promise<ExecSession> {
  const { tty = false, stdin = false, signal } = options;
  const { Id: id } = await callPodmanJson(address, createdSchema, {
    method: 'POST',
    path: `/containers/${encodeURIComponent(container)}/exec`,
    body: {
      Cmd: options.command,
      Tty: tty,
      AttachStdin: stdin,
      AttachStdout: true,
      AttachStderr: true,
      Env: Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`),
      ...(options.workingDir === undefined ? {} : { WorkingDir: options.workingDir }),
    },
    signal,
  });
  const size = options.size === undefined ? {} : { w: options.size.columns, h: options.size.rows };
  const { socket } = await upgradeOverVsock(address, {
    method: 'POST',
    path: podmanUrl({ path: `/exec/${id}/start` }),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ Detach: false, Tty: tty, ...size }),
    timeoutMs: 30_000,
    ...(signal === undefined ? {} : { signal }),
  });
  return {
    id,
    socket,
    output: tty ? asStdout(socket) : demultiplex(socket),
    resize: async ({ columns, rows }) => {
      await callPodman(address, {
        method: 'POST',
        path: `/exec/${id}/resize`,
        query: { w: columns, h: rows },
      });
    },
    exitCode: async (callOptions = {}) => {
      const state = await callPodmanJson(address, inspectSchema, {
        path: `/exec/${id}/json`,
        ...callOptions,
      });
      if (state.Running) throw new Error(`exec ${id} still runs`);
      return state.ExitCode;
    },
  };
}

async function* asStdout(socket: Socket): AsyncGenerator<OutputChunk, void> {
  for await (const data of socket as AsyncIterable<Buffer>) yield { stream: 'stdout', data };
}
