import { fileURLToPath } from 'node:url';
import { Client, type ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { channelCredentials, channelOptions, type EtcdConnection, targetOf } from '../etcd/connection.ts';

interface WireKeyValue {
  readonly key: Buffer;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly value: Buffer;
}

export interface WireEvent {
  readonly type: 'PUT' | 'DELETE';
  readonly kv: WireKeyValue;
  readonly prev_kv: WireKeyValue | null;
}

/** etcdserverpb.WatchResponse. Revisions fit a double: etcd would need millennia to pass 2^53. */
export interface WatchResponse {
  readonly header: { readonly revision: number } | null;
  readonly watch_id: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: number;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly WireEvent[];
}

export type WatchRequest =
  | {
      readonly create_request: {
        readonly key: Buffer;
        readonly range_end: Buffer;
        readonly start_revision: number;
        readonly progress_notify: boolean;
        readonly prev_kv: boolean;
        readonly fragment: boolean;
      };
    }
  | { readonly progress_request: Record<string, never> };

export type WatchCall = ClientDuplexStream<WatchRequest, WatchResponse>;

const definition = loadSync(fileURLToPath(new URL('./etcd-watch.proto', import.meta.url)), {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
});

interface WatchMethod {
  readonly path: string;
  readonly requestSerialize: (request: WatchRequest) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => WatchResponse;
}

const watchMethod = (definition['etcdserverpb.Watch'] as unknown as { Watch: WatchMethod }).Watch;

/** Opens one bidirectional watch call on a channel of its own; `close` ends both. */
export function openWatchCall(
  connection: EtcdConnection,
  endpoint: string,
): { readonly call: WatchCall; readonly close: () => void } {
  const client = new Client(targetOf(endpoint), channelCredentials(connection), {
    ...channelOptions(connection),
    // A channel of its own, so that closing it closes its TCP connection too.
    'grpc.use_local_subchannel_pool': 1,
  });
  const metadata = new Metadata();
  // A member cut off from its quorum ends the stream instead of keeping it silent.
  metadata.set('hasleader', 'true');
  const call = client.makeBidiStreamRequest<WatchRequest, WatchResponse>(
    watchMethod.path,
    watchMethod.requestSerialize,
    watchMethod.responseDeserialize,
    metadata,
  );
  return {
    call,
    close: () => {
      call.cancel();
      client.close();
    },
  };
}
