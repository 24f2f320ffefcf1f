import { openHttpOverVsock } from '../../lib/http-over-vsock.ts';
import { GUEST_PORTS } from '../host/guest-ports.ts';

export interface ProbeTarget {
  /** The VMM's hybrid vsock socket. */
  readonly socketPath: string;
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly timeoutMs: number;
}

/** One probe: undefined when it passed, else why not. Never rejects. */
export type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<string | undefined>;

/** GET through the guest's probe listener; status 200 to 399 passes, as in Kubernetes. */
export const httpProbe: Probe = async (target, signal) => {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(target.timeoutMs)]);
  const url = `http://${target.address}:${target.port}${target.path}`;
  try {
    const response = await openHttpOverVsock(
      { socketPath: target.socketPath, port: GUEST_PORTS.probe },
      {
        path: target.path,
        headers: {
          host: `${target.address}:${target.port}`,
          'x-holt-probe-target': `${target.address}:${target.port}`,
          'user-agent': 'holt-probe/1',
          connection: 'close',
        },
        timeoutMs: target.timeoutMs,
        signal: deadline,
      },
    );
    const status = response.statusCode ?? 0;
    const reason = response.headers['x-holt-reason'];
    // The body may be endless, and nobody reads it.
    response.destroy();
    if (status >= 200 && status < 400) return undefined;
    return `GET ${url}: status ${status}${typeof reason === 'string' ? ` (${reason})` : ''}`;
  } catch (error) {
    if (deadline.aborted && !signal.aborted) return `GET ${url}: no answer within ${target.timeoutMs} ms`;
    return `GET ${url}: ${error instanceof Error ? error.message : String(error)}`;
  }
};
