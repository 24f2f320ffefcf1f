import { isConflict } from '../../api/client/index.ts';
import { StallingError, TerminalError, WaitingError } from './errors.ts';

/** When to look at a key again, and what the metrics call how it went. */
export type Retry =
  | { readonly outcome: 'success'; readonly retry: 'never' }
  | { readonly outcome: 'requeue' | 'waiting' | 'stalled'; readonly retry: 'after'; readonly delayMs: number }
  | { readonly outcome: 'conflict' | 'error'; readonly retry: 'backoff' }
  | { readonly outcome: 'terminal'; readonly retry: 'never' };

/** See `errors.ts` for the table. */
export function retryAfterError(error: unknown): Retry {
  if (error instanceof TerminalError) return { outcome: 'terminal', retry: 'never' };
  if (error instanceof StallingError)
    return { outcome: 'stalled', retry: 'after', delayMs: error.retryAfterMs };
  if (error instanceof WaitingError)
    return { outcome: 'waiting', retry: 'after', delayMs: error.requeueAfterMs };
  if (isConflict(error)) return { outcome: 'conflict', retry: 'backoff' };
  return { outcome: 'error', retry: 'backoff' };
}

/** What to do after a reconcile that did not throw. */
export function retryAfterResult(result: { readonly requeueAfterMs?: number | undefined }): Retry {
  if (result.requeueAfterMs === undefined) return { outcome: 'success', retry: 'never' };
  return { outcome: 'requeue', retry: 'after', delayMs: result.requeueAfterMs };
}
