import { ApiError, ApiUnreachableError } from '../api/client/api-error.ts';
import { ManifestError } from '../api/client/manifests.ts';

/** What the shell sees. `docs/operations.md` lists them. */
export const EXIT_CODES = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  unreachable: 4,
  timedOut: 5,
  interrupted: 130,
} as const;

/** A failure that a person can mend; the message says what, which value, and how. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_CODES.failure) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** The line and the exit code for any error. */
export function explainError(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (error instanceof CliError) return error;
  if (error instanceof ApiUnreachableError) {
    const message = `${error.message}\nIs Holt running? npm run status tells; npm start starts it.`;
    return { message, exitCode: EXIT_CODES.unreachable };
  }
  if (error instanceof ApiError) {
    return {
      message: error.message,
      exitCode: error.code === 404 ? EXIT_CODES.notFound : EXIT_CODES.failure,
    };
  }
  if (error instanceof ManifestError) return { message: error.message, exitCode: EXIT_CODES.usage };
  if (error instanceof Error) return { message: error.message, exitCode: EXIT_CODES.failure };
  return { message: String(error), exitCode: EXIT_CODES.failure };
}
