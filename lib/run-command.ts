import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the program by SIGKILL. */
  readonly signal?: AbortSignal;
}

/** Runs a program to its end. */
export type RunCommand = (argv: readonly string[], options?: CommandOptions) => Promise<CommandResult>;

/** A program that could not be started, ran out of time or exited non-zero. */
export class CommandError extends Error {
  readonly argv: readonly string[];
  readonly result: CommandResult | undefined;

  constructor(argv: readonly string[], detail: string, result?: CommandResult) {
    super(`${argv.join(' ')}: ${detail}`);
    this.name = 'CommandError';
    this.argv = argv;
    this.result = result;
  }
}

/**
 * Runs a program without a shell and collects its output.
 * @throws CommandError when it cannot be started or outlives `timeoutMs` (default 60,000); never for its exit code
 */
export const runCommand: RunCommand = (argv, options = {}) =>
  new Promise((resolve, reject) => {
    const [file, ...args] = argv;
    if (file === undefined) throw new TypeError('runCommand: empty argv');
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', (error) => reject(new CommandError(argv, error.message)));
    child.on('close', (exitCode, signal) => {
      if (exitCode === null)
        reject(new CommandError(argv, `ended by ${signal}`, { exitCode: -1, stdout, stderr }));
      else resolve({ exitCode, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });

/** As `runCommand`, and a non-zero exit is an error that carries the program's own words. */
export async function runChecked(
  run: RunCommand,
  argv: readonly string[],
  options?: CommandOptions,
): Promise<string> {
  const result = await run(argv, options);
  if (result.exitCode !== 0) {
    const detail = result.stderr.trim() || result.stdout.trim();
    throw new CommandError(argv, `exit ${result.exitCode}: ${detail}`, result);
  }
  return result.stdout;
}
