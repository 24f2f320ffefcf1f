import { WebSocket } from 'ws';
import { loadKubeconfig } from '../api/client/kubeconfig.ts';
import { apiVersionOf } from '../crds/meta/resource-definition.ts';
import { sandboxContainerDefinition } from '../crds/sandboxcontainer/definition.ts';
import { parseCommandEnd } from '../lib/remote-command/exit-status.ts';
import { type CliContext, type GlobalOptions, kubeconfigOf, namespaceOf } from './context.ts';
import { CliError, EXIT_CODES } from './errors.ts';

const ERROR_BYTES_MAX = 64 * 1024;

/** What of a container is asked for. */
export interface StreamRequest {
  readonly container: string;
  readonly action: 'exec' | 'attach' | 'portforward';
  readonly query: URLSearchParams;
  /** Best first. */
  readonly protocols: readonly string[];
}

/** The path of a container's stream or log. */
export function streamPath(container: string, action: string, flags: GlobalOptions): string {
  const { plural } = sandboxContainerDefinition;
  const place = `namespaces/${encodeURIComponent(namespaceOf(flags))}/${plural}/${encodeURIComponent(container)}`;
  return `/apis/${apiVersionOf(sandboxContainerDefinition)}/${place}/${action}`;
}

/** The server said no: its Status, as one line. */
function refusal(code: number, text: string): CliError {
  const end = parseCommandEnd(text);
  const message = end.kind === 'failed' && end.message !== '' ? end.message : `the server answered ${code}`;
  return new CliError(message, code === 404 ? EXIT_CODES.notFound : EXIT_CODES.failure);
}

/**
 * Opens a stream of a container through the API server. What comes before the caller listens waits: resume it.
 * @throws CliError with the server's own words, or when it cannot be reached
 */
export async function openStream(
  { container, action, query, protocols }: StreamRequest,
  flags: GlobalOptions,
  context: CliContext,
): Promise<WebSocket> {
  const { server, ca, cert, key, headers, serverName, rejectUnauthorized } = await loadKubeconfig(
    kubeconfigOf(flags, context),
  );
  const url = `${server.replace(/^http/, 'ws')}${streamPath(container, action, flags)}?${query}`;
  const socket = new WebSocket(url, [...protocols], {
    headers: { ...headers, 'user-agent': 'holt-cli' },
    perMessageDeflate: false,
    handshakeTimeout: 60_000,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
  context.signal.addEventListener('abort', () => socket.terminate(), { once: true });
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.pause();
      resolve(socket);
    });
    socket.once('unexpected-response', (_request, response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < ERROR_BYTES_MAX) text += chunk;
      });
      response.on('end', () => reject(refusal(response.statusCode ?? 0, text)));
    });
    socket.on('error', (error) =>
      reject(new CliError(`cannot reach ${server}: ${error.message}`, EXIT_CODES.unreachable)),
    );
  });
}
