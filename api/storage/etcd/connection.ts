import { isIP } from 'node:net';
import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';
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

/**
 * Channel options of kv and watch. Keepalive finds a dead connection within 15 s (etcd refuses pings closer than
 * 5 s, and all of them on a connection without a call); the receive limit is lifted because lists and watch batches pass grpc-js's 4 MiB; the reconnect back-off
 * is short because etcd is near and a restart must not cost clients a minute.
 */
const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** An endpoint's host and port without its scheme, as gRPC names a target. */
export function targetOf(endpoint: string): string {
  return endpoint.replace(/^https?:\/\//, '');
}

function serverNameOverride({ tls, endpoints }: EtcdConnection): ChannelOptions {
  if (tls === undefined) return {};
  const addresses = endpoints
    .map((endpoint) => new URL(endpoint).hostname)
    .filter((host) => isIP(host) !== 0);
  const foreign = addresses.find((address) => !address.startsWith('127.'));
  if (foreign !== undefined) {
    throw new TypeError(
      `etcd endpoint ${foreign}: with TLS give the name that the server's certificate holds, not an address`,
    );
  }
  return addresses.length === 0 ? {} : { 'grpc.ssl_target_name_override': 'localhost' };
}

/**
 * gRPC channel options for the connection.
 * @throws TypeError for an address that TLS cannot verify
 */
export function channelOptions(connection: EtcdConnection): ChannelOptions {
  return { ...CHANNEL_OPTIONS, ...serverNameOverride(connection) };
}

/** The certificates as they are now. */
export function tlsOf({ tls }: EtcdConnection): EtcdTls | undefined {
  return typeof tls === 'function' ? tls() : tls;
}

/** gRPC credentials for the connection. */
export function channelCredentials(connection: EtcdConnection): ChannelCredentials {
  const tls = tlsOf(connection);
  return tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca, tls.key, tls.cert);
}
