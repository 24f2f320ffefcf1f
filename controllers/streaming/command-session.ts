import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { OutputChunk, TerminalSize } from '../../lib/podman/index.ts';
import { CHANNEL, parseChannelMessage } from '../../lib/remote-command/channels.ts';
import { exitStatus } from '../../lib/remote-command/exit-status.ts';
import { Channels } from './channels.ts';
import { toRefusal } from './refusal.ts';

/** A program in the guest, joined to by exec or attach. */
export interface CommandSession {
  readonly socket: Socket;
  readonly output: AsyncIterable<OutputChunk>;
  readonly resize?: (size: TerminalSize) => Promise<void>;
  /** Once the output has ended; absent where the end has no code. @throws Error while it still runs */
  readonly exitCode?: () => Promise<number>;
}

export interface CommandOptions {
  /** For messages. */
  readonly label: string;
  readonly stdin: boolean;
  readonly open: (signal: AbortSignal) => Promise<CommandSession>;
  /** Something went over the connection. */
  readonly onActivity: () => void;
}

const sizeSchema = z.object({ Width: z.int().min(1).max(65_535), Height: z.int().min(1).max(65_535) });

const EXIT_CODE_ATTEMPTS_MAX = 50;
const EXIT_CODE_INTERVAL_MS = 100;

/** The output may end a moment before podman has seen the process end. */
async function finalExitCode(exitCode: () => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await exitCode();
    } catch (error) {
      if (attempt === EXIT_CODE_ATTEMPTS_MAX) throw error;
    }
    await sleep(EXIT_CODE_INTERVAL_MS);
  }
}

function parseSize(data: Buffer): TerminalSize | undefined {
  try {
    const { Width: columns, Height: rows } = sizeSchema.parse(JSON.parse(data.toString('utf8')));
    return { columns, rows };
  } catch {
    return undefined;
  }
}

/** Carries the client's messages to the program; the client is not read while the guest does not take. */
function carryInput(client: WebSocket, session: CommandSession, options: CommandOptions): void {
  let isResizing = false;
  const resize = async (size: TerminalSize | undefined) => {
    // Sizes come in bursts while a window is dragged, and each costs a call.
    if (size === undefined || isResizing || session.resize === undefined) return;
    isResizing = true;
    await session.resize(size).catch(() => {});
    isResizing = false;
  };
  client.on('message', (raw: Buffer) => {
    options.onActivity();
    const message = parseChannelMessage(raw);
    if (message?.channel === CHANNEL.resize) void resize(parseSize(message.data));
    // The end of stdin (channel `close`) cannot be passed on: hybrid vsock has no half-closed streams.
    if (message?.channel !== CHANNEL.stdin || !options.stdin || message.data.length === 0) return;
    if (session.socket.writable && !session.socket.write(message.data)) client.pause();
  });
  session.socket.on('drain', () => client.resume());
}

/**
 * Runs one exec or attach over a client's WebSocket, to its Status and the close. The guest's connection ends with
 * the client's, which ends the program's stdin.
 */
export async function runCommandSession(client: WebSocket, options: CommandOptions): Promise<void> {
  const channels = new Channels(client);
  const gone = new AbortController();
  client.once('close', () => gone.abort(new Error('the client is gone')));
  client.pause();
  let session: CommandSession | undefined;
  try {
    session = await options.open(gone.signal);
    const { socket, output, exitCode } = session;
    socket.on('error', () => {});
    gone.signal.addEventListener('abort', () => socket.destroy(), { once: true });
    if (gone.signal.aborted) return;
    // Tells the client that it is connected, as upstream does.
    await channels.send(CHANNEL.stdout);
    carryInput(client, session, options);
    client.resume();
    for await (const { stream, data } of output) {
      options.onActivity();
      await channels.send(stream === 'stderr' ? CHANNEL.stderr : CHANNEL.stdout, data);
    }
    const code = exitCode === undefined ? 0 : await finalExitCode(exitCode);
    await channels.end(exitStatus(code));
  } catch (error) {
    client.resume();
    if (!gone.signal.aborted) await channels.end(toRefusal(error, options.label).toStatus());
  } finally {
    session?.socket.destroy();
  }
}
