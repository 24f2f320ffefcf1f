import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import type { ValueTransformer } from '../encryption/value-transformer.ts';

/** Client certificate and trust for etcd; PEM. */
export interface EtcdTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Asked for whenever a connection is opened: another object means that the certificates are others. */
export type CurrentEtcdTls = () => EtcdTls;

/** Where etcd is and how to speak to it. */
export interface EtcdConnection {
  /**
   * `https://host:port`, or `http://host:port` without `tls`. With `tls` a host is a name or a loopback address; the
   * latter's certificate must hold the name `localhost`, since Node's TLS takes no address as a server name.
   */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls | CurrentEtcdTls;
  /** How values stand in etcd; as they are where absent. */
  readonly values?: ValueTransformer;
  /** Deadline of one kv request, milliseconds. */
  readonly requestTimeoutMs: number;
}

/** What the server's certificate must hold. */
function serverName({ endpoints }: EtcdConnection): ConnectionOptions {
  const addresses = endpoints
    .map((endpoint) => new URL(endpoint).hostname)
    .filter((host) => isIP(host) !== 0);
  const foreign = addresses.find((address) => !address.startsWith('127.'));
  if (foreign !== undefined) {
    throw new TypeError(
      `etcd endpoint ${foreign}: with TLS give the name that the server's certificate holds, not an address`,
    );
  }
  return addresses.length === 0 ? {} : { servername: 'localhost' };
}

/** The certificates as they are now. */
export function tlsOf({ tls }: EtcdConnection): EtcdTls | undefined {
  return typeof tls === 'function' ? tls() : tls;
}

/**
 * The TLS of a connection to etcd; empty without TLS.
 * @throws TypeError for an address that TLS cannot verify
 */
export function sessionOptions(connection: EtcdConnection): ConnectionOptions {
  const tls = tlsOf(connection);
  if (tls === undefined) return {};
  return { ca: tls.ca, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', ...serverName(connection) };
}
