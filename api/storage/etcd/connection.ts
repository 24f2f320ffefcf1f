import { type ChannelCredentials, type ChannelOptions, credentials } from '@grpc/grpc-js';

/** Client certificate and trust for etcd; PEM. */
export interface EtcdTls {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Where etcd is and how to speak to it. */
export interface EtcdConnection {
  /** `https://host:port`, or `http://host:port` without `tls`. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  /** Deadline of one kv request, milliseconds. */
  readonly requestTimeoutMs: number;
}

/**
 * Channel options of kv and watch. Keepalive finds a dead connection within 15 s (etcd refuses pings closer than
 * 5 s); the receive limit is lifted because lists and watch batches pass grpc-js's 4 MiB; the reconnect back-off
 * is short because etcd is near and a restart must not cost clients a minute.
 */
export const CHANNEL_OPTIONS: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
};

/** gRPC credentials for the connection. */
export function channelCredentials(connection: EtcdConnection): ChannelCredentials {
  const { tls } = connection;
  return tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca, tls.key, tls.cert);
}
