import type { Duplex } from 'node:stream';
import type { Etcd3, IDuplexStream, IWatchRequest, IWatchResponse } from 'etcd3';
import { type EtcdConnection, openEtcd3 } from '../etcd/connection.ts';
import { requireLeader } from '../etcd/grpc-call.ts';

/** What of a watch call its owner is told; nothing after `close`. */
export interface WatchCallListener {
  /** Answers that came in together. */
  onResponses(responses: readonly IWatchResponse[]): void;
  onEnd(reason: string): void;
}

/** The stream is a Node stream, though `etcd3` declares less of it. */
type WatchDuplex = IDuplexStream<IWatchRequest, IWatchResponse> & Pick<Duplex, 'pause' | 'resume'>;

/** What a paused call may still bring. */
const WINDOW_BYTES = 256 * 1024;

/**
 * One bidirectional watch call, the bare stream of `etcd3` (not its watcher), on a connection of its own, so that
 * closing it closes that too.
 */
export class WatchCall {
  readonly #client: Etcd3;
  readonly #listener: WatchCallListener;
  #stream: WatchDuplex | undefined;
  #unsent: IWatchRequest[] = [];
  #arrived: IWatchResponse[] = [];
  #isPaused = false;
  #isClosed = false;

  constructor(connection: EtcdConnection, endpoint: string, listener: WatchCallListener) {
    this.#client = openEtcd3(connection, {
      endpoint,
      windowBytes: WINDOW_BYTES,
      transformCall: requireLeader,
    });
    this.#listener = listener;
    this.#client.watchClient.watch().then(
      (stream) => this.#use(stream as WatchDuplex),
      (error: Error) => this.#end(error.message),
    );
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  send(request: IWatchRequest): void {
    if (this.#stream === undefined) this.#unsent.push(request);
    else this.#stream.write(request);
  }

  /** Takes nothing more until `resume`; flow control holds it back at the server. */
  pause(): void {
    this.#isPaused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#stream?.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#stream?.cancel();
    this.#client.close();
  }

  #use(stream: WatchDuplex): void {
    // A cancelled call still emits its error: it must have a listener.
    stream.on('error', (error) => this.#end(error.message));
    if (this.#isClosed) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    stream.on('data', (response) => this.#take(response));
    stream.on('end', () => this.#end('etcd ended the stream'));
    if (this.#isPaused) stream.pause();
    for (const request of this.#unsent) stream.write(request);
    this.#unsent = [];
  }

  /** The answers of one read from the socket come one by one, all before `setImmediate`. */
  #take(response: IWatchResponse): void {
    this.#arrived.push(response);
    if (this.#arrived.length === 1) setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    const responses = this.#arrived;
    this.#arrived = [];
    if (!this.#isClosed && responses.length > 0) this.#listener.onResponses(responses);
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    // What came before the end counts.
    this.#deliver();
    if (!this.#isClosed) this.#listener.onEnd(reason);
  }
}
