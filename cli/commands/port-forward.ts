import { createServer, type Socket } from 'node:net';
import type { Command } from 'commander';
import {
  channelMessage,
  PORT_FORWARD_PROTOCOL,
  parseChannelMessage,
} from '../../lib/remote-command/channels.ts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';
import { openStream } from '../stream-socket.ts';

/** A port here and the container's. */
interface PortPair {
  readonly local: number;
  readonly remote: number;
}

const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port that it is for. */
const PORT_BYTES = 2;

function port(text: string, min: number): number {
  const value = Number(text);
  if (text !== '' && Number.isInteger(value) && value >= min && value <= 65_535) return value;
  throw new CliError(`${JSON.stringify(text)} is not a port; give LOCAL:REMOTE or REMOTE`, EXIT_CODES.usage);
}

/** `8080:3000`, `:3000` for any free one, or `3000` for the same. @throws CliError */
export function parsePortPair(text: string): PortPair {
  const [first = '', second] = text.split(':');
  if (second === undefined) return { local: port(first, 1), remote: port(first, 1) };
  return { local: first === '' ? 0 : port(first, 0), remote: port(second, 1) };
}

/** Carries one connection: each has a WebSocket of its own. */
async function carry(
  local: Socket,
  { container, remote }: { container: string; remote: number },
  flags: GlobalOptions,
  context: CliContext,
): Promise<void> {
  const query = new URLSearchParams({ ports: String(remote) });
  const request = { container, action: 'portforward', query, protocols: [PORT_FORWARD_PROTOCOL] } as const;
  const socket = await openStream(request, flags, context);
  const heading = { [DATA]: PORT_BYTES, [ERROR]: PORT_BYTES };
  socket.on('message', (raw: Buffer) => {
    const message = parseChannelMessage(raw);
    if (message?.channel !== DATA && message?.channel !== ERROR) return;
    const { channel } = message;
    const data = message.data.subarray(heading[channel]);
    heading[channel] = Math.max(0, heading[channel] - message.data.length);
    if (channel === ERROR && data.length > 0) context.stderr.write(`holt: ${data.toString('utf8')}\n`);
    if (channel === DATA && data.length > 0 && !local.write(data)) socket.pause();
  });
  socket.once('close', () => local.end());
  local.on('drain', () => socket.resume());
  local.on('data', (data: Buffer) => {
    local.pause();
    socket.send(channelMessage(DATA, data), () => local.resume());
  });
  local.once('close', () => socket.terminate());
  socket.resume();
  if (local.destroyed) socket.terminate();
}

/** Listens on loopback until interrupted. */
async function forward(
  container: string,
  pair: PortPair,
  flags: GlobalOptions,
  context: CliContext,
): Promise<void> {
  const { remote } = pair;
  const server = createServer((local) => {
    local.on('error', () => {});
    carry(local, { container, remote }, flags, context).catch((error: unknown) => {
      context.stderr.write(`holt: ${error instanceof Error ? error.message : String(error)}\n`);
      local.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new CliError(`cannot listen on 127.0.0.1:${pair.local}: ${error.message}`)),
    );
    server.listen(pair.local, '127.0.0.1', resolve);
  });
  const address = server.address();
  const chosen = typeof address === 'object' && address !== null ? address.port : pair.local;
  context.stdout.write(`Forwarding from 127.0.0.1:${chosen} -> ${remote}\n`);
  await new Promise<void>((resolve) => {
    const stop = () => server.close(() => resolve());
    if (context.signal.aborted) stop();
    else context.signal.addEventListener('abort', stop, { once: true });
  });
}

export function registerPortForward(program: Command, context: CliContext): void {
  program
    .command('port-forward')
    .summary("bring a container's ports to this machine's loopback, until interrupted")
    .argument('<container>', 'name of the SandboxContainer')
    .argument('<ports...>', 'LOCAL:REMOTE, :REMOTE for any free port here, or REMOTE')
    .addHelpText('after', '\nExample:\n  holt port-forward alice-dev 8090:3000')
    .action(async (container: string, ports: string[], _flags, command: Command) => {
      const flags: GlobalOptions = command.optsWithGlobals();
      const pairs = ports.map(parsePortPair);
      await Promise.all(pairs.map((pair) => forward(container, pair, flags, context)));
    });
}
