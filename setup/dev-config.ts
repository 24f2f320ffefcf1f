import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type HoltConfig, holtConfigSchema, parseConfig, statePaths } from '../lib/config.ts';

/** The longest socket below the state directory: `vm/<12 digits>/run/api.sock`, and `v.sock_<port>` beside it. */
const LONGEST_SOCKET_SUFFIX = '/vm/0123456789ab/run/v.sock_65535';
/** sun_path, with its closing zero (man 7 unix). */
const SOCKET_PATH_MAX_BYTES = 107;

/** What a person may set; the rest of the configuration follows. */
export interface DevOptions {
  readonly stateDir: string;
  readonly netns?: string | undefined;
  /** Added to every default port, so that several installations run side by side. */
  readonly portOffset?: number | undefined;
  /** OTLP/HTTP base URL; empty: no export any more. */
  readonly otlpEndpoint?: string | undefined;
}

/** A set-up error that a person can mend: its message says what is wrong, with which value, and what to do. */
export class SetupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SetupError';
  }
}

/** `.holt` in the checkout. */
export function defaultStateDir(): string {
  return fileURLToPath(new URL('../.holt', import.meta.url));
}

/** Reads the environment for what the flags leave open: HOLT_STATE_DIR, HOLT_NETNS, HOLT_PORT_OFFSET. */
export function devOptionsFrom(
  flags: { stateDir?: string | undefined; netns?: string | undefined; portOffset?: string | undefined },
  env: NodeJS.ProcessEnv,
): DevOptions {
  const offset = flags.portOffset ?? env.HOLT_PORT_OFFSET;
  const portOffset = offset === undefined ? undefined : Number(offset);
  if (portOffset !== undefined && !(Number.isInteger(portOffset) && portOffset >= 0 && portOffset < 50_000)) {
    throw new SetupError(`--port-offset: ${JSON.stringify(offset)} is not a whole number from 0 to 49999`);
  }
  return {
    stateDir: resolve(flags.stateDir ?? env.HOLT_STATE_DIR ?? defaultStateDir()),
    netns: flags.netns ?? env.HOLT_NETNS,
    portOffset,
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}

/**
 * The configuration of this installation: what was written before, with what the options change.
 * @throws SetupError when the state directory's path is too long for unix sockets, or an option is wrong
 */
export async function planDevConfig(options: DevOptions, vmm: HoltConfig['vmm']): Promise<HoltConfig> {
  const longest = Buffer.byteLength(options.stateDir + LONGEST_SOCKET_SUFFIX);
  if (longest > SOCKET_PATH_MAX_BYTES) {
    const over = longest - SOCKET_PATH_MAX_BYTES;
    throw new SetupError(
      `the state directory ${options.stateDir} is ${over} bytes too long for unix sockets below it; ` +
        'move the checkout to a shorter path, or pass --state-dir with one',
    );
  }
  const before = await readDevConfig(options.stateDir);
  const defaults = holtConfigSchema.shape.ports.parse({});
  const ports =
    options.portOffset === undefined
      ? (before?.ports ?? defaults)
      : Object.fromEntries(
          Object.entries(defaults).map(([name, port]) => [name, port + (options.portOffset ?? 0)]),
        );
  const parsed = holtConfigSchema.safeParse({
    ...before,
    stateDir: options.stateDir,
    ports,
    vmm,
    devLogin: true,
    ...planNetns(options),
    ...(options.otlpEndpoint === undefined ? {} : { otlpEndpoint: options.otlpEndpoint || undefined }),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SetupError(`configuration: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Installations with other ports get a namespace of their own too, so that they never share one by accident. */
function planNetns({ netns, portOffset }: DevOptions): { netns?: string } {
  if (netns !== undefined) return { netns };
  return portOffset === undefined || portOffset === 0 ? {} : { netns: `holt-${portOffset}` };
}

/** The configuration on disk; undefined where there is none. */
export async function readDevConfig(stateDir: string): Promise<HoltConfig | undefined> {
  const path = statePaths(stateDir).config;
  let json: string;
  try {
    json = await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return parseConfig(json);
  } catch (error) {
    throw new SetupError(
      `${path} can't be read (${String(error)}); mend it, or remove it to have it made anew`,
    );
  }
}

/** Writes `config.json` whole or not at all. */
export async function writeDevConfig(config: HoltConfig): Promise<void> {
  await mkdir(config.stateDir, { recursive: true, mode: 0o700 });
  const target = statePaths(config.stateDir).config;
  const fresh = join(config.stateDir, 'config.json.new');
  await writeFile(fresh, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  await rename(fresh, target);
}

/** @throws SetupError naming each port that another program holds */
export async function checkPortsFree(config: HoltConfig): Promise<void> {
  const taken: string[] = [];
  for (const [name, port] of Object.entries(config.ports)) {
    if (name !== 'routerLog' && !(await canListen(port))) taken.push(`${port} (${name})`);
  }
  if (taken.length === 0) return;
  throw new SetupError(
    `port taken on 127.0.0.1: ${taken.join(', ')}; end the program that listens there ` +
      '(ss -ltnp shows it), or start with other ports: npm start -- --port-offset 1000',
  );
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', () => settle(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => settle(true)));
  });
}
