import { request } from 'node:https';
import type { AnsweredObject } from './answered-object.ts';
import type { ApiAddress } from './json-connection.ts';

/** One line of a watch. */
export interface FeedEvent {
  readonly type: string;
  readonly object: AnsweredObject;
}

export interface FeedOptions {
  readonly address: ApiAddress;
  readonly path: string;
  readonly onEvent: (event: FeedEvent) => void;
  /** The stream is over: the HTTP status, and the body where it was none of a watch; 0 without an answer. */
  readonly onEnd: (code: number, body: string) => void;
}

/** One watch request over a connection of its own; `close` ends it without a call of `onEnd`. */
export function openFeed({ address, path, onEvent, onEnd }: FeedOptions): { readonly close: () => void } {
  let code = 0;
  let rest = '';
  let over = false;
  const outgoing = request({ ...address, host: '127.0.0.1', path, agent: false });
  const finish = () => {
    if (over) return;
    over = true;
    outgoing.destroy();
    onEnd(code, rest);
  };
  outgoing.on('error', finish);
  outgoing.on('response', (response) => {
    code = response.statusCode ?? 0;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      rest += chunk;
      if (code !== 200) return;
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (!over) onEvent(JSON.parse(line));
    });
    response.on('error', finish);
    response.on('close', finish);
  });
  outgoing.end();
  return {
    close: () => {
      over = true;
      outgoing.destroy();
    },
  };
}
