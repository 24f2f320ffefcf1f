'use strict';
// The example sandbox: a page, /whoami, a WebSocket that streams numbered chunks, and a file on /data.
// Plain JavaScript for Node.js 18 without any package, because the closure holds nothing else. Modules that
// few requests need are loaded on first use: under emulation each costs a tenth of a second of start time.

const { mkdirSync, readFileSync } = require('node:fs');
const { readFile, rename, writeFile } = require('node:fs/promises');
const { createServer } = require('node:http');
const { join } = require('node:path');

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BODY_BYTES_MAX = 1024 * 1024;
const CHUNKS_MAX = 1_000_000;
const INTERVAL_MS_MAX = 3_600_000;
const FRAME_BYTES_MAX = 64 * 1024;

const settings = {
  user: process.env.HOLT_USER ?? 'nobody',
  vmId: process.env.HOLT_VM_ID ?? 'none',
  containerName: process.env.HOLT_CONTAINER_NAME ?? 'none',
  role: process.env.HOLT_ROLE ?? 'live',
  port: Number(process.env.PORT ?? 8000),
  dataDir: process.env.HOLT_EXAMPLE_DATA ?? '/data',
  chaos: process.env.HOLT_EXAMPLE_CHAOS === '1',
};

const hoard = [];

function bootId() {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function whoami() {
  const { user, vmId, containerName, role } = settings;
  return { user, vm_id: vmId, container_name: containerName, role, boot_id: bootId(), pid: process.pid };
}

/** The path below the prefix under which this container is served: `/dev/whoami` is `/whoami`. */
function parseTarget(request) {
  const url = new URL(request.url, 'http://sandbox');
  const given = request.headers['x-forwarded-prefix'] ?? (settings.role === 'dev' ? '/dev' : '');
  // The prefix ends up in the page: nothing but a plain path element.
  const prefix = /^\/[a-z0-9-]+$/.test(given) ? given : '';
  const below = prefix !== '' && (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`));
  return {
    prefix: below ? prefix : '',
    path: (below ? url.pathname.slice(prefix.length) : url.pathname) || '/',
    query: url.searchParams,
  };
}

function sendJson(response, status, value) {
  send(response, status, 'application/json', `${JSON.stringify(value)}\n`);
}

function send(response, status, type, body) {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

function whole(text, fallback, max) {
  const number = text === null || text === '' ? fallback : Number(text);
  if (!Number.isInteger(number) || number < 0 || number > max) {
    throw Object.assign(new Error(`"${text}" is not a whole number from 0 to ${max}`), { status: 400 });
  }
  return number;
}

async function readBody(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > BODY_BYTES_MAX) throw Object.assign(new Error('body over 1 MiB'), { status: 413 });
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function serveData(request, response) {
  const file = join(settings.dataDir, 'note.txt');
  if (request.method === 'PUT') {
    const body = await readBody(request);
    mkdirSync(settings.dataDir, { recursive: true });
    await writeFile(`${file}.new`, body, { flush: true });
    await rename(`${file}.new`, file);
    sendJson(response, 200, { bytes: body.length });
    return;
  }
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined) sendJson(response, 404, { error: 'nothing was put here yet' });
  else send(response, 200, 'text/plain; charset=utf-8', text);
}

/** Holds on to memory until a limit ends it. Buffers are filled, because untouched pages cost nothing. */
function burn(response, query) {
  const wantedMb = whole(query.get('memory_mb'), 64, 65536);
  let heldMb = 0;
  const step = () => {
    for (let n = 0; n < 8 && heldMb < wantedMb; n += 1, heldMb += 1) hoard.push(Buffer.alloc(1024 * 1024, 1));
    if (heldMb < wantedMb) setImmediate(step);
    else sendJson(response, 200, { held_mb: heldMb });
  };
  step();
}

/** Starts sleeping processes until the process limit says no. */
async function fork(response, query) {
  const { spawn } = require('node:child_process');
  const wanted = whole(query.get('count'), 16, 100_000);
  let started = 0;
  let refused;
  while (started < wanted && refused === undefined) {
    refused = await new Promise((resolve) => {
      const child = spawn('sleep', ['300'], { stdio: 'ignore' });
      child.once('spawn', () => resolve(undefined));
      child.once('error', (error) => resolve(error.code));
    });
    if (refused === undefined) started += 1;
  }
  sendJson(response, 200, { started, refused: refused ?? null });
}

async function serve(request, response) {
  const { prefix, path, query } = parseTarget(request);
  if (path === '/') send(response, 200, 'text/html; charset=utf-8', page(prefix));
  else if (path === '/healthz') send(response, 200, 'text/plain', 'ok\n');
  else if (path === '/whoami') sendJson(response, 200, whoami());
  else if (path === '/data') await serveData(request, response);
  else if (path === '/burn' && settings.chaos) burn(response, query);
  else if (path === '/fork' && settings.chaos) await fork(response, query);
  else sendJson(response, 404, { error: `no such path: ${path}` });
}

/** One unmasked, unfragmented frame (RFC 6455, 5.2). */
function encodeFrame(opcode, payload) {
  const { length } = payload;
  let header;
  if (length < 126) header = Buffer.from([0x80 | opcode, length]);
  else if (length < 65536) header = Buffer.from([0x80 | opcode, 126, length >> 8, length & 255]);
  else {
    header = Buffer.alloc(10);
    header[0] = 0x80 | opcode;
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([header, payload]);
}

/**
 * Takes the first whole frame off `bytes`.
 * @returns the frame and what is left, or undefined while bytes are missing; throws on what RFC 6455 forbids
 */
function decodeFrame(bytes) {
  if (bytes.length < 2) return undefined;
  const opcode = bytes[0] & 15;
  let length = bytes[1] & 127;
  let offset = 2;
  if ((bytes[1] & 128) === 0) throw new Error('a client frame must be masked');
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    offset = 4;
  } else if (length === 127) throw new Error('frame too large');
  if (length > FRAME_BYTES_MAX) throw new Error('frame too large');
  if (bytes.length < offset + 4 + length) return undefined;
  const mask = bytes.subarray(offset, offset + 4);
  const payload = Buffer.from(bytes.subarray(offset + 4, offset + 4 + length));
  for (let n = 0; n < length; n += 1) payload[n] ^= mask[n & 3];
  return { opcode, payload, rest: bytes.subarray(offset + 4 + length) };
}

function closePayload(code) {
  return Buffer.from([code >> 8, code & 255]);
}

/** Answers pings and the closing handshake; what a client says besides is ignored. */
function listenToClient(socket, head, close) {
  let pending = head;
  const drain = () => {
    let frame = decodeFrame(pending);
    while (frame !== undefined) {
      pending = frame.rest;
      if (frame.opcode === 8) return close(1000);
      if (frame.opcode === 9) socket.write(encodeFrame(10, frame.payload));
      frame = decodeFrame(pending);
    }
  };
  const take = (part) => {
    pending = Buffer.concat([pending, part]);
    try {
      drain();
    } catch {
      close(1002);
    }
  };
  socket.on('data', take);
  take(Buffer.alloc(0));
}

/** Streams numbered chunks until `count` is reached or the client goes; waits whenever the client is slow. */
function stream(socket, head, query) {
  const intervalMs = whole(query.get('interval_ms'), 1000, INTERVAL_MS_MAX);
  const count = whole(query.get('count'), CHUNKS_MAX, CHUNKS_MAX);
  const { user, vmId, containerName } = settings;
  const about = { session_id: query.get('session_id'), thread_id: query.get('thread_id'), user, vm_id: vmId };
  let seq = 0;
  let timer;
  const close = (code) => {
    clearTimeout(timer);
    if (socket.writable) socket.end(encodeFrame(8, closePayload(code)));
  };
  const next = () => {
    if (seq === count) {
      close(1000);
      return;
    }
    const chunk = JSON.stringify({ ...about, container_name: containerName, seq });
    seq += 1;
    const roomLeft = socket.write(encodeFrame(1, Buffer.from(chunk)));
    const again = () => {
      timer = setTimeout(next, seq === count ? 0 : intervalMs);
    };
    if (roomLeft) again();
    else socket.once('drain', again);
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => clearTimeout(timer));
  listenToClient(socket, head, close);
  next();
}

function upgrade(request, socket, head) {
  const { path, query } = parseTarget(request);
  const key = request.headers['sec-websocket-key'];
  const refuse = (line) => socket.end(`HTTP/1.1 ${line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  if (path !== '/ws') return refuse('404 Not Found');
  if (request.headers.upgrade?.toLowerCase() !== 'websocket' || key === undefined) return refuse('400 Bad Request');
  if (request.headers['sec-websocket-version'] !== '13') return refuse('426 Upgrade Required');
  const { createHash } = require('node:crypto');
  const accept = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  try {
    whole(query.get('interval_ms'), 1000, INTERVAL_MS_MAX);
    whole(query.get('count'), CHUNKS_MAX, CHUNKS_MAX);
  } catch {
    return refuse('400 Bad Request');
  }
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  socket.setNoDelay(true);
  socket.setTimeout(0);
  stream(socket, head, query);
}

function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function page(prefix) {
  const { user, vmId, containerName, role } = settings;
  const row = (label, value) => `<dt>${label}</dt><dd>${escapeHtml(value)}</dd>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(user)} · ${escapeHtml(role)}</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #1c2733; }
  h1 { font-size: 1.6rem; margin-bottom: .25rem; }
  .role { color: #fff; background: ${role === 'dev' ? '#b4530a' : '#0a6b4e'}; border-radius: 1rem; padding: .1rem .7rem; font-size: .9rem; }
  dl { display: grid; grid-template-columns: 8rem 1fr; gap: .2rem 1rem; }
  dt { color: #5b6b7b; } dd { margin: 0; font-family: ui-monospace, monospace; }
  #chunks { background: #f2f5f8; border-radius: .5rem; padding: 1rem; height: 12rem; overflow: auto; font: 13px/1.5 ui-monospace, monospace; }
</style>
<h1>Hello, ${escapeHtml(user)} <span class="role">${escapeHtml(role)}</span></h1>
<p>This page comes from a container in your own virtual machine.</p>
<dl>${row('VM', vmId)}${row('Container', containerName)}${row('Role', role)}</dl>
<h2>Live stream</h2>
<div id="chunks" aria-live="polite"></div>
<script>
  const log = document.getElementById('chunks');
  const say = (text) => { log.append(text + '\\n', document.createElement('br')); log.scrollTop = log.scrollHeight; };
  const session = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  const url = location.origin.replace(/^http/, 'ws') + ${JSON.stringify(prefix)} + '/ws?thread_id=page&session_id=' + session;
  let delayMs = 500;
  function connect() {
    const socket = new WebSocket(url);
    socket.onmessage = (event) => { delayMs = 500; const chunk = JSON.parse(event.data); say('#' + chunk.seq + ' from ' + chunk.container_name + ' in ' + chunk.vm_id); };
    socket.onclose = () => { say('closed, trying again'); setTimeout(connect, delayMs + Math.random() * delayMs); delayMs = Math.min(delayMs * 2, 10000); };
  }
  connect();
</script>
</html>
`;
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    if (response.headersSent) response.destroy();
    else sendJson(response, error.status ?? 500, { error: error.message });
  });
});
server.on('upgrade', (request, socket, head) => {
  try {
    upgrade(request, socket, head);
  } catch {
    socket.destroy();
  }
});
server.listen(settings.port, '0.0.0.0', () => {
  console.log(JSON.stringify({ message: 'listening', port: server.address().port, ...whoami() }));
});

// As process 1 of a container nothing else gives these signals a meaning.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
    setTimeout(() => process.exit(0), 1000).unref();
  });
}
