import { CommanderError } from 'commander';
import { EXIT_CODES, explainError } from './errors.ts';
import { readOwnVersion } from './own-version.ts';
import { createProgram } from './program.ts';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => interrupt.abort(new Error(signal)));
// A reader that closes early, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { env, stdin, stdout, stderr } = process;
const context = { env, cwd: process.cwd(), stdin, stdout, stderr, signal: interrupt.signal };
try {
  await createProgram(context, await readOwnVersion()).parseAsync(process.argv);
  process.exitCode = process.exitCode ?? EXIT_CODES.ok;
} catch (error) {
  if (error instanceof CommanderError)
    process.exitCode = error.exitCode === 0 ? EXIT_CODES.ok : EXIT_CODES.usage;
  else if (interrupt.signal.aborted) process.exitCode = EXIT_CODES.interrupted;
  else {
    const { message, exitCode } = explainError(error);
    stderr.write(`holt: ${message}\n`);
    process.exitCode = exitCode;
  }
}
