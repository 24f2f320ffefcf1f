import { isIP } from 'node:net';
import { Etcd3 } from 'etcd3';
import type { ValueTransformer } from '../encryption/value-transformer.ts';
import type { GrpcCall } from './grpc-call.ts';
import { noRetryPolicy } from './no-retry-policy.ts';

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

/** Channel options of grpc-js that differ by connection: what the server's certificate must hold. */
function serverName({ endpoints, tls }: EtcdConnection): { readonly [option: string]: string } {
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

function currentTls({ tls }: EtcdConnection): EtcdTls | undefined {
  return typeof tls === 'function' ? tls() : tls;
}

/**
 * Keepalive finds a dead connection within 15 s (etcd refuses pings closer than 5 s, and all of them on a connection
 * without a call). Messages have no limit of this side's: lists and watch batches pass grpc-js's 4 MiB. The
 * reconnect back-off is short because etcd is near and a restart must not cost clients a minute. A channel's
 * connection is its own, so that it closes with it, and goes to etcd itself: no proxy of the environment's, no
 * service configuration out of the DNS.
 */
const CHANNEL_OPTIONS = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_channelz': 0,
};

export interface EtcdClientOptions {
  /** Of the connection's endpoints, the member to speak to. */
  readonly endpoint: string;
  /** Bytes that it may send ahead of what was read. */
  readonly windowBytes: number;
  /** grpc-js's `callInvocationTransformer`: changes each call before it is made. */
  readonly transformCall: <Call extends GrpcCall>(call: Call) => Call;
}

/**
 * An `etcd3` client of one member, under the certificates as they are now; nothing is retried.
 * @throws TypeError for an address that TLS cannot verify
 */
export function openEtcd3(connection: EtcdConnection, options: EtcdClientOptions): Etcd3 {
  const { endpoint, windowBytes, transformCall } = options;
  const tls = currentTls(connection);
  return new Etcd3({
    hosts: [endpoint],
    ...(tls === undefined
      ? {}
      : { credentials: { rootCertificate: tls.ca, privateKey: tls.key, certChain: tls.cert } }),
    grpcOptions: {
      ...CHANNEL_OPTIONS,
      ...serverName(connection),
      'grpc-node.flow_control_window': windowBytes,
      callInvocationTransformer: transformCall,
    },
    faultHandling: { global: noRetryPolicy, host: () => noRetryPolicy },
  });
}
