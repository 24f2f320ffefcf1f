import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { type ExecSession, execInContainer } from '../../lib/podman/index.ts';
import type { CliContext, GlobalOptions } from '../context.ts';
import { findGuestContainer } from '../guest-access.ts';

const EXIT_CODE_ATTEMPTS_MAX = 20;
const EXIT_CODE_INTERVAL_MS = 100;

interface ExecFlags extends GlobalOptions {
  readonly stdin?: boolean;
  readonly tty?: boolean;
}

function terminalSize(context: CliContext): { columns: number; rows: number } {
  return { columns: context.stdout.columns ?? 80, rows: context.stdout.rows ?? 24 };
}

/** Joins the terminal to the session; the returned function undoes it. */
function attach(session: ExecSession, flags: ExecFlags, context: CliContext): () => void {
  const { stdin, stdout } = context;
  const raw = flags.tty === true && stdin.isTTY;
  const onResize = () => void session.resize(terminalSize(context)).catch(() => {});
  if (raw) stdin.setRawMode(true);
  if (flags.tty === true) stdout.on('resize', onResize);
  // The end of piped input is not passed on: hybrid vsock has no half-closed streams (docs/operations.md).
  if (flags.stdin === true) stdin.pipe(session.socket, { end: false });
  return () => {
    if (raw) stdin.setRawMode(false);
    stdout.off('resize', onResize);
    stdin.unpipe(session.socket);
    stdin.pause();
  };
}

/** The output may end a moment before podman has seen the process end. */
async function finalExitCode(session: ExecSession): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await session.exitCode();
    } catch (error) {
      if (attempt === EXIT_CODE_ATTEMPTS_MAX) throw error;
    }
    await sleep(EXIT_CODE_INTERVAL_MS);
  }
}

async function exec(
  name: string,
  words: readonly string[],
  flags: ExecFlags,
  context: CliContext,
): Promise<void> {
  const container = await findGuestContainer(name, flags, context);
  const tty = flags.tty === true;
  const session = await execInContainer(container.address, container.name, {
    command: words,
    tty,
    stdin: flags.stdin === true,
    signal: context.signal,
    ...(tty ? { size: terminalSize(context), env: { TERM: context.env.TERM ?? 'xterm' } } : {}),
  });
  const detach = attach(session, flags, context);
  try {
    for await (const { stream, data } of session.output) {
      context[stream === 'stderr' ? 'stderr' : 'stdout'].write(data);
    }
    process.exitCode = await finalExitCode(session);
  } finally {
    detach();
    session.socket.destroy();
  }
}

export function registerExec(program: Command, context: CliContext): void {
  program
    .command('exec')
    .summary('run a command in a container; exits with its exit code')
    .argument('<container>', 'name of the SandboxContainer')
    .argument('<command...>', 'after --, the program and its arguments')
    .option('-i, --stdin', 'pass standard input on; the command is not told of its end')
    .option('-t, --tty', 'with a terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  holt exec alice-dev -- /usr/bin/node --version\n  holt exec -it alice-dev -- /bin/sh',
    )
    .action((name: string, words: string[], _flags, command: Command) =>
      exec(name, words, command.optsWithGlobals(), context),
    );
}
