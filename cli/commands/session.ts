import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dnsLabel } from '../../crds/meta/meta.ts';
import { parseConfig, statePaths } from '../../lib/config.ts';
import { createSessionToken, readSigningKey, SESSION_COOKIE_NAME } from '../../lib/session-token.ts';
import { type CliContext, type GlobalOptions, stateDirOf } from '../context.ts';
import { CliError, EXIT_CODES } from '../errors.ts';

interface SessionFlags extends GlobalOptions {
  readonly output: string;
  readonly ttl: string;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };
const TTL_MAX_SECONDS = 24 * 3600;

function ttlSeconds(text: string): number {
  const [, digits = '', unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (seconds >= 1 && seconds <= TTL_MAX_SECONDS) return seconds;
  throw new CliError(`--ttl ${text}: expected a time from 1s to 24h, such as 30m or 12h`, EXIT_CODES.usage);
}

/** The form in which `holt session create` prints a token. */
function format(output: string, token: string, routerUrl: string): string {
  if (output === 'token') return token;
  if (output === 'cookie') return `${SESSION_COOKIE_NAME}=${token}`;
  if (output === 'url') return `${routerUrl}/.holt/login?token=${token}`;
  throw new CliError(`--output ${output}: expected cookie, token or url`, EXIT_CODES.usage);
}

async function create(user: string, flags: SessionFlags, context: CliContext): Promise<void> {
  const parsed = dnsLabel.safeParse(user);
  if (!parsed.success) {
    throw new CliError(`user ${JSON.stringify(user)}: ${parsed.error.issues[0]?.message}`, EXIT_CODES.usage);
  }
  const stateDir = stateDirOf(context);
  const expiresInSeconds = ttlSeconds(flags.ttl);
  const paths = statePaths(stateDir);
  const key = await readSigningKey(join(paths.session, 'key.pem')).catch((error: unknown) => {
    throw new CliError(`no session key in ${paths.session} (${String(error)}); npm start makes one`);
  });
  const token = await createSessionToken({ user, key, ttlSeconds: expiresInSeconds });
  const routerUrl = context.env.HOLT_ROUTER_URL ?? (await configuredRouterUrl(paths.config));
  context.stdout.write(`${format(flags.output, token, routerUrl)}\n`);
}

async function configuredRouterUrl(path: string): Promise<string> {
  const config = parseConfig(await readFile(path, 'utf8'));
  return `http://127.0.0.1:${config.ports.router}`;
}

export function registerSession(program: Command, context: CliContext): void {
  const session = program.command('session').summary('sessions for development');
  session
    .command('create')
    .summary('issue a signed session token for a user')
    .argument('<user>', 'the user, as in spec.user of a UserVM')
    .option('-o, --output <format>', 'cookie (name=value), token, or url (signs a browser in)', 'cookie')
    .option('--ttl <time>', 'how long it is good for', '12h')
    .addHelpText(
      'after',
      '\nExamples:\n  curl -b "$(holt session create alice --output cookie)" http://127.0.0.1:8080/whoami\n' +
        '  holt session create bob --output url --ttl 30m',
    )
    .action((user: string, _flags, command: Command) => create(user, command.optsWithGlobals(), context));
}
