import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { watchFrame } from '../../storage/cache/window-event.ts';
import { waitUntil } from '../../testing/wait-until.ts';
import { WatchOutput } from './watch-output.ts';

const FIRST = watchFrame('ADDED', '{"name":"first"}');
const SECOND = watchFrame('DELETED', '{"name":"second"}');
const LINES = `${FIRST.bytes}${SECOND.bytes}`;

async function serve(t: ExecutionContext, answer: (response: ServerResponse, url: string) => void) {
  const server = createServer((request, response) => answer(response, request.url ?? ''));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Sends bytes and gives back all that comes until the other side ends. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

function watch(response: ServerResponse): void {
  const output = new WatchOutput(response);
  response.writeHead(200, { connection: 'close' });
  output.open(() => {});
  output.write([FIRST]);
  output.end([SECOND]);
}

/** The chunks of a chunked body, put together. */
function unchunked(body: string): string {
  const [size = '', ...rest] = body.split('\r\n');
  const length = Number.parseInt(size, 16);
  const text = rest.join('\r\n');
  return length === 0 ? '' : text.slice(0, length) + unchunked(text.slice(length + 2));
}

test('frames arrive whole, as chunks', async (t) => {
  const port = await serve(t, watch);
  const [head = '', body = ''] = (await exchange(port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n')).split(
    '\r\n\r\n',
    2,
  );
  t.regex(head, /transfer-encoding: chunked/i);
  t.is(unchunked(body), LINES);
  t.is(FIRST.chunk, FIRST.chunk, 'made once');
});

test('HTTP/1.0 has no chunks', async (t) => {
  const port = await serve(t, watch);
  const text = await exchange(port, 'GET / HTTP/1.0\r\n\r\n');
  t.is(text.split('\r\n\r\n')[1], LINES);
});

test('a watch behind an answer that is still on its way waits for its turn', async (t) => {
  let finishFirst = () => {};
  let watched = false;
  const port = await serve(t, (response, url) => {
    if (url === '/first') {
      finishFirst = () => response.end('one');
      return;
    }
    watch(response);
    watched = true;
  });
  const request = (url: string) => `GET ${url} HTTP/1.1\r\nhost: a\r\n\r\n`;
  const answers = exchange(port, request('/first') + request('/watch'));
  await waitUntil('the watch to have written', () => watched);
  finishFirst();
  const [, first = '', second = ''] = (await answers).split('\r\n\r\n', 3);
  t.true(first.startsWith('one'));
  t.is(unchunked(second), LINES);
});

test('a client that does not read holds the watch back until it does', async (t) => {
  let wrote = 0;
  let drained = 0;
  const large = watchFrame('ADDED', JSON.stringify('x'.repeat(1_000_000)));
  const port = await serve(t, (response) => {
    const output = new WatchOutput(response);
    response.writeHead(200);
    output.open(() => {
      drained += 1;
      output.end();
    });
    do wrote += 1;
    while (output.write([large]) && wrote < 100);
  });
  const socket = connect(port, '127.0.0.1').pause();
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  await waitUntil('the watch to be held back', () => wrote > 0);
  t.true(wrote < 100);
  t.is(drained, 0);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await once(socket, 'close');
  t.is(drained, 1);
  t.true(bytes > wrote * 1_000_000);
});
