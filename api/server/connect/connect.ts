import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import type { SandboxContainer } from '../../../crds/sandboxcontainer/definition.ts';
import { NODE_STREAM_PATHS } from '../../../lib/node-client-name.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { Answer } from '../http/answer.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { badRequest, methodNotSupported, notFound } from '../http/errors.ts';
import { keyOf } from '../http/resource.ts';
import { nodeRefusal, nodeUnreachable } from './node-answer.ts';
import { nodeRequest } from './node-link.ts';
import type { StreamName } from './streams.ts';
import { joinTunnel } from './tunnel.ts';

/** Headers of a WebSocket handshake, which the node answers. */
const HANDSHAKE = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'] as const;

/** The container that is asked for, as etcd has it now. @throws StatusError 404; StorageError */
async function findContainer({ context, target }: ApiRequest, name: string): Promise<SandboxContainer> {
  const [item] = (await context.kv.range({ key: keyOf(target, name) })).items;
  if (item === undefined) throw notFound(target.resource.definition, name);
  return new StoredObject(item.key, item.value, item.modRevision).object as SandboxContainer;
}

/** @throws StatusError 400 for another container than the only one, or one that is on no node */
function nodeOf(container: SandboxContainer, name: string, query: URLSearchParams): string {
  const asked = query.get('container') ?? '';
  if (asked !== '' && asked !== name) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  const nodeName = container.status?.nodeName;
  if (nodeName !== undefined && nodeName !== '') return nodeName;
  const vm = container.spec.vmRef.name;
  throw badRequest(
    `sandboxcontainer/${name} does not have a host assigned: its VM ${vm} is on no node; "kubectl describe uservm ${vm}" says why`,
  );
}

function nodePath({ target, query }: ApiRequest, uid: string, stream: StreamName, name: string): string {
  const asked = new URLSearchParams(query);
  asked.set('uid', uid);
  const place = `${encodeURIComponent(target.namespace ?? '')}/sandboxcontainers/${encodeURIComponent(name)}`;
  return `${NODE_STREAM_PATHS}${place}/${stream}?${asked}`;
}

function headersFor({ request, upgrade }: ApiRequest): OutgoingHttpHeaders {
  if (upgrade === undefined) return {};
  const passed = HANDSHAKE.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return { connection: 'Upgrade', upgrade: 'websocket', ...Object.fromEntries(passed) };
}

type NodeReply =
  | { readonly kind: 'answer'; readonly response: IncomingMessage }
  | {
      readonly kind: 'upgraded';
      readonly response: IncomingMessage;
      readonly socket: Duplex;
      readonly head: Buffer;
    };

/** @throws StatusError 503 for a node that does not answer */
async function askNode(api: ApiRequest, nodeName: string, path: string): Promise<NodeReply> {
  const { outgoing, place } = nodeRequest(api.context, nodeName, { path, headers: headersFor(api) });
  const onGone = () => outgoing.destroy(new Error('the client is gone'));
  api.response.once('close', onGone);
  try {
    return await new Promise<NodeReply>((resolve, reject) => {
      outgoing.on('error', (error) => reject(nodeUnreachable(error, nodeName, place)));
      outgoing.on('response', (response) => resolve({ kind: 'answer', response }));
      outgoing.on('upgrade', (response, socket, head) => {
        socket.setTimeout(0);
        resolve({ kind: 'upgraded', response, socket, head });
      });
      outgoing.end();
    });
  } finally {
    outgoing.setTimeout(0);
    api.response.removeListener('close', onGone);
  }
}

/** Passes a log on, no faster than the client takes. */
async function passOn(api: ApiRequest, source: IncomingMessage): Promise<void> {
  const { response, context } = api;
  // Whoever reads a log in a pager may take nothing for as long as it likes: the guest waits too.
  context.stalledClients.forgive(response);
  const cut = () => source.destroy();
  response.once('close', cut);
  context.stopping.addEventListener('abort', cut, { once: true });
  source.on('error', () => {});
  try {
    response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    for await (const chunk of source as AsyncIterable<Buffer>)
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    response.end();
  } catch {
    // The headers are out: a broken end is all that can still be told.
    response.destroy();
  } finally {
    context.stopping.removeEventListener('abort', cut);
  }
}

/**
 * Answers `log`, `exec`, `attach` and `portforward` of a container by its node, as kube-apiserver does by the kubelet.
 * @throws StatusError 404, 400, 405, 503, and what the node says; StorageError
 */
export async function answerStream(api: ApiRequest, name: string, stream: StreamName): Promise<Answer> {
  const { request, response, context, target, upgrade } = api;
  const { definition } = target.resource;
  const methods = stream === 'log' ? ['GET'] : ['GET', 'POST'];
  if (!methods.includes(request.method ?? '')) throw methodNotSupported(definition, request.method ?? '');
  const container = await findContainer(api, name);
  const nodeName = nodeOf(container, name, api.query);
  const reply = await askNode(api, nodeName, nodePath(api, container.metadata.uid ?? '', stream, name));
  if (reply.kind === 'answer') {
    if (reply.response.statusCode !== 200 || stream !== 'log')
      throw await nodeRefusal(reply.response, nodeName);
    api.onWatchOpen();
    await passOn(api, reply.response);
    return { kind: 'streamed' };
  }
  if (upgrade === undefined || response.destroyed) {
    reply.socket.destroy();
    return { kind: 'streamed' };
  }
  const auditId = String(response.getHeader('audit-id') ?? '');
  response.statusCode = 101;
  api.onWatchOpen();
  response.detachSocket(upgrade.socket as never);
  await joinTunnel(upgrade, reply, { auditId, signal: context.stopping });
  response.emit('close');
  return { kind: 'streamed' };
}
