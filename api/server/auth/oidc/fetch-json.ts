import { Agent, request } from 'node:https';

/** What went wrong with a fetch, as metrics tell it. */
export type FetchFailure = 'unreachable' | 'timeout' | 'status' | 'too-large' | 'content';

export class FetchError extends Error {
  override readonly name = 'FetchError';
  readonly failure: FetchFailure;

  constructor(failure: FetchFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}

export interface FetchOptions {
  /** PEM of the CAs that count. */
  readonly ca: readonly string[];
  /** Ends the fetch, its body too. */
  readonly signal: AbortSignal;
}

/** Ten times what a large provider publishes. */
const BODY_MAX_BYTES = 1024 * 1024;

function networkError(url: string, error: NodeJS.ErrnoException): FetchError {
  if (error.name === 'AbortError')
    return new FetchError('timeout', `no answer in time from ${url}`, { cause: error });
  const why = error.code ?? error.message;
  return new FetchError('unreachable', `cannot reach ${url}: ${why}`, { cause: error });
}

/**
 * Fetches JSON over https: no redirect is followed, no proxy asked, and the body is bounded.
 * @throws FetchError
 */
export function fetchJson(url: string, { ca, signal }: FetchOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // An agent of its own: nothing is kept open between fetches that are minutes apart.
    const agent = new Agent({ keepAlive: false });
    const fail = (error: Error) => reject(error instanceof FetchError ? error : networkError(url, error));
    const outgoing = request(url, { ca: [...ca], agent, signal, headers: { accept: 'application/json' } });
    outgoing.on('error', fail);
    outgoing.on('response', (response) => {
      const { statusCode } = response;
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('error', fail);
      if (statusCode !== 200) {
        outgoing.destroy(
          new FetchError(
            'status',
            `${url} answered ${statusCode}; 200 is needed, redirects are not followed`,
          ),
        );
        return;
      }
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_MAX_BYTES) {
          outgoing.destroy(new FetchError('too-large', `${url} answered more than ${BODY_MAX_BYTES} bytes`));
          return;
        }
        chunks.push(chunk);
      });
      response.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()));
        } catch (cause) {
          reject(new FetchError('content', `${url} answered what is not JSON`, { cause }));
        }
      });
      response.on('close', () => reject(new FetchError('unreachable', `${url} ended its answer early`)));
    });
    outgoing.end();
  });
}
