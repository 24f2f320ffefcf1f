import type { WebSocket } from 'ws';
import {
  CHANNEL,
  COMMAND_PROTOCOLS,
  channelMessage,
  parseChannelMessage,
} from '../lib/remote-command/channels.ts';
import { parseCommandEnd } from '../lib/remote-command/exit-status.ts';
import type { CliContext, GlobalOptions } from './context.ts';
import { CliError, EXIT_CODES } from './errors.ts';
import { openStream, type StreamRequest } from './stream-socket.ts';

export interface CommandFlags extends GlobalOptions {
  readonly stdin?: boolean;
  readonly tty?: boolean;
}

function sizeMessage({ stdout }: CliContext): Buffer {
  const size = { Width: stdout.columns ?? 80, Height: stdout.rows ?? 24 };
  return channelMessage(CHANNEL.resize, JSON.stringify(size));
}

/** Joins the terminal to the stream; the returned function undoes it. */
function joinTerminal(socket: WebSocket, flags: CommandFlags, context: CliContext): () => void {
  const { stdin, stdout } = context;
  const isRaw = flags.tty === true && stdin.isTTY;
  const onResize = () => socket.send(sizeMessage(context), () => {});
  const onInput = (data: Buffer) => {
    stdin.pause();
    socket.send(channelMessage(CHANNEL.stdin, data), () => stdin.resume());
  };
  const onEnd = () => {
    if (socket.protocol === COMMAND_PROTOCOLS[0])
      socket.send(channelMessage(CHANNEL.close, Buffer.from([CHANNEL.stdin])), () => {});
  };
  if (isRaw) stdin.setRawMode(true);
  if (flags.tty === true) {
    onResize();
    stdout.on('resize', onResize);
  }
  if (flags.stdin === true) stdin.on('data', onInput).once('end', onEnd);
  return () => {
    if (isRaw) stdin.setRawMode(false);
    stdout.off('resize', onResize);
    stdin.off('data', onInput).off('end', onEnd).pause();
  };
}

/**
 * Runs exec or attach on this terminal.
 * @returns the program's exit code
 * @throws CliError when it could not be run, or the connection broke
 */
export async function runCommandStream(
  request: Omit<StreamRequest, 'protocols' | 'query'> & { readonly command: readonly string[] },
  flags: CommandFlags,
  context: CliContext,
): Promise<number> {
  const tty = flags.tty === true;
  const query = new URLSearchParams({
    stdin: String(flags.stdin === true),
    stdout: 'true',
    stderr: String(!tty),
    tty: String(tty),
  });
  for (const word of request.command) query.append('command', word);
  const socket = await openStream({ ...request, query, protocols: COMMAND_PROTOCOLS }, flags, context);
  const leave = joinTerminal(socket, flags, context);
  try {
    return await new Promise<number>((resolve, reject) => {
      socket.on('message', (raw: Buffer) => {
        const message = parseChannelMessage(raw);
        if (message?.channel === CHANNEL.stdout) context.stdout.write(message.data);
        if (message?.channel === CHANNEL.stderr) context.stderr.write(message.data);
        if (message?.channel !== CHANNEL.error) return;
        const end = parseCommandEnd(message.data.toString('utf8'));
        if (end.kind === 'exited') resolve(end.exitCode);
        else reject(new CliError(end.message));
      });
      socket.once('close', () =>
        reject(new CliError('the connection was cut before the command ended', EXIT_CODES.unreachable)),
      );
      socket.resume();
    });
  } finally {
    leave();
    socket.close();
  }
}
