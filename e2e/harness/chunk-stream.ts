import { WebSocket } from 'ws';

/** What one WebSocket of the example program received. */
export interface ChunkStream {
  readonly user: string;
  readonly sessionId: string;
  readonly threadId: string;
  /** Chunks in the order in which they came. */
  readonly chunks: readonly Chunk[];
  /** Undefined while it is open. */
  closedWith(): number | undefined;
  close(): void;
}

export interface Chunk {
  readonly session_id: string;
  readonly thread_id: string;
  readonly user: string;
  readonly vm_id: string;
  readonly container_name: string;
  readonly seq: number;
}

export interface OpenOptions {
  readonly routerUrl: string;
  readonly cookie: string;
  readonly user: string;
  readonly path: string;
  readonly sessionId: string;
  readonly threadId: string;
  readonly intervalMs: number;
}

/** Opens a stream; resolves when the first chunk is there. */
export function openChunkStream(options: OpenOptions): Promise<ChunkStream> {
  const url = new URL(options.path, options.routerUrl.replace(/^http/, 'ws'));
  url.searchParams.set('session_id', options.sessionId);
  url.searchParams.set('thread_id', options.threadId);
  url.searchParams.set('interval_ms', String(options.intervalMs));
  const socket = new WebSocket(url, { headers: { cookie: options.cookie }, handshakeTimeout: 60_000 });
  const chunks: Chunk[] = [];
  let closeCode: number | undefined;
  const stream: ChunkStream = {
    user: options.user,
    sessionId: options.sessionId,
    threadId: options.threadId,
    chunks,
    closedWith: () => closeCode,
    close: () => socket.close(),
  };
  return new Promise((resolve, reject) => {
    socket.on('message', (data) => {
      chunks.push(JSON.parse(String(data)) as Chunk);
      resolve(stream);
    });
    socket.on('error', reject);
    socket.on('close', (code) => {
      closeCode = code;
      reject(new Error(`WebSocket of ${options.user} closed with ${code} before its first chunk`));
    });
  });
}

/** Everything wrong with what a stream received: foreign chunks, gaps, repeats. Empty when all is well. */
export function faultsOf(stream: ChunkStream): string[] {
  const faults: string[] = [];
  let expected = stream.chunks[0]?.seq ?? 0;
  for (const chunk of stream.chunks) {
    const where = `${stream.user}/${stream.sessionId}/${stream.threadId}`;
    if (chunk.user !== stream.user) faults.push(`${where}: chunk of user ${chunk.user}`);
    if (chunk.session_id !== stream.sessionId || chunk.thread_id !== stream.threadId) {
      faults.push(`${where}: chunk of ${chunk.session_id}/${chunk.thread_id}`);
    }
    if (chunk.seq !== expected) faults.push(`${where}: chunk ${chunk.seq} where ${expected} was due`);
    expected = chunk.seq + 1;
  }
  return faults;
}
