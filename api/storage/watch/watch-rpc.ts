import type { ClientHttp2Stream } from 'node:http2';
import type { EtcdConnection } from '../etcd/connection.ts';
import { callHeaders, onCallEnd } from '../etcd/grpc-call.ts';
import { beginCall, GrpcConnection } from '../etcd/grpc-connection.ts';
import { frameMessage, GrpcFrameParser } from '../etcd/grpc-frame.ts';
import { decodeWatchResponse, type WatchResponse } from './watch-messages.ts';

/** What of a watch call its owner is told; nothing after `close`. */
export interface WatchCallListener {
  /** Answers that came in together. */
  onResponses(responses: readonly WatchResponse[]): void;
  onEnd(reason: string): void;
}

/** A member cut off from its quorum ends the stream instead of keeping it silent. */
const NEEDS_LEADER = ['hasleader', 'true'];

/** What a paused call may still bring. */
const WINDOW_BYTES = 256 * 1024;

/** One bidirectional watch call on a connection of its own, so that closing it closes that too. */
export class WatchCall {
  readonly #connection: GrpcConnection;
  readonly #listener: WatchCallListener;
  readonly #parser = new GrpcFrameParser();
  #stream: ClientHttp2Stream | undefined;
  #unsent: Buffer[] = [];
  #isPaused = false;
  #isClosed = false;

  constructor(connection: EtcdConnection, endpoint: string, listener: WatchCallListener) {
    this.#connection = new GrpcConnection({ connection, endpoint, windowBytes: WINDOW_BYTES });
    this.#listener = listener;
    const headers = callHeaders(endpoint, '/etcdserverpb.Watch/Watch', NEEDS_LEADER);
    this.#connection.open().then(
      (session) => {
        if (!this.#isClosed) this.#use(beginCall(session, headers));
      },
      (error: Error) => this.#end(error.message),
    );
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** @param message framed but for its head */
  send(message: Buffer): void {
    if (this.#stream === undefined) this.#unsent.push(message);
    else if (!this.#stream.destroyed) this.#stream.write(frameMessage(message));
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
    this.#stream?.destroy();
    this.#connection.close();
  }

  #use(stream: ClientHttp2Stream): void {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    onCallEnd(stream, (error) => this.#end(error?.message ?? 'etcd ended the stream'));
    if (this.#isPaused) stream.pause();
    for (const message of this.#unsent) stream.write(frameMessage(message));
    this.#unsent = [];
  }

  #take(chunk: Buffer): void {
    if (this.#isClosed) return;
    let responses: readonly WatchResponse[];
    try {
      responses = this.#parser.add(chunk).map(decodeWatchResponse);
    } catch (error) {
      this.#end(String(error));
      this.close();
      return;
    }
    if (responses.length > 0) this.#listener.onResponses(responses);
  }

  #end(reason: string): void {
    if (!this.#isClosed) this.#listener.onEnd(reason);
  }
}
