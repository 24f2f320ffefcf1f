import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

// Stands for the ingresses of several VMs; runs inside the test's network namespace. Commands on standard input:
// `up <address> <name>` listens on <address>:8080 and `down <address>` stops and cuts; each is answered by `ok`.

const CHUNK_EVERY_MS = 5;
const running = new Map<string, { server: Server; sockets: Set<Socket> }>();

function start(address: string, name: string): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://guest');
    const status = Number(url.searchParams.get('status') ?? 200);
    for (const [header, value] of url.searchParams) {
      if (header.startsWith('h.')) response.appendHeader(header.slice(2), value);
    }
    if (url.searchParams.has('cut')) {
      request.socket.destroy();
      return;
    }
    const { headers, rawHeaders, method } = request;
    const body = JSON.stringify({ vm: name, method, url: request.url, headers, rawHeaders });
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (webSocket, request) => {
    let number = 0;
    const user = request.headers['x-holt-user'];
    const timer = setInterval(
      () => webSocket.send(JSON.stringify({ vm: name, user, number: number++ })),
      CHUNK_EVERY_MS,
    );
    webSocket.on('close', () => clearInterval(timer));
    webSocket.on('error', () => {});
  });
  running.set(address, { server, sockets });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(8080, address, resolve);
  });
}

async function stop(address: string): Promise<void> {
  const upstream = running.get(address);
  running.delete(address);
  if (upstream === undefined) return;
  for (const socket of upstream.sockets) socket.destroy();
  await new Promise((resolve) => upstream.server.close(resolve));
}

for await (const line of createInterface({ input: process.stdin })) {
  const [verb = '', address = '', name = ''] = line.split(' ');
  if (verb === 'up') await start(address, name);
  else await stop(address);
  process.stdout.write('ok\n');
}
process.exit(0);
