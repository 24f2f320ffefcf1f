import { request as httpsRequest, type RequestOptions } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { type Node, nodeDefinition } from '../../../crds/node/definition.ts';
import { nodeCertificateName } from '../../../lib/node-client-name.ts';
import { objectKey } from '../../storage/keys.ts';
import type { ServerContext } from '../http/context.ts';
import { serviceUnavailable } from '../http/errors.ts';

/** This server's certificate towards nodes, and the CA of theirs; PEM. */
export interface NodeTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

const CONNECT_TIMEOUT_MS = 10_000;

interface NodePlace {
  readonly host: string;
  readonly port: number;
}

/** Where a node says that it is reached. @throws StatusError 503 where it does not */
function placeOf(context: ServerContext, nodeName: string): NodePlace {
  const stored = context.cache.get(objectKey(nodeDefinition, undefined, nodeName));
  const { addresses = [], daemonEndpoints } = (stored?.object as Node | undefined)?.status ?? {};
  const host = addresses.find(({ type }) => type === 'InternalIP')?.address;
  const port = daemonEndpoints?.kubeletEndpoint?.Port;
  if (host !== undefined && port !== undefined) return { host, port };
  throw serviceUnavailable(
    `node ${JSON.stringify(nodeName)} does not say where its streams are served: "kubectl describe node" tells whether holt-node runs there`,
  );
}

/**
 * How a node is asked. Whoever answers must show the certificate of this very node.
 * @throws StatusError 503 where the node has no address, or this server no certificate
 */
export function nodeRequest(
  context: ServerContext,
  nodeName: string,
  options: Pick<RequestOptions, 'path' | 'headers'>,
): { readonly outgoing: ReturnType<typeof httpsRequest>; readonly place: string } {
  const tls = context.nodeTls?.();
  if (tls === undefined) throw serviceUnavailable('this API server has no certificate towards nodes');
  const { host, port } = placeOf(context, nodeName);
  const expected = nodeCertificateName(nodeName);
  const outgoing = httpsRequest({
    ...options,
    ...tls,
    host,
    port,
    agent: false,
    timeout: CONNECT_TIMEOUT_MS,
    checkServerIdentity: (name, certificate) => {
      if (certificate.subject.CN === expected) return checkServerIdentity(name, certificate);
      return new Error(`it shows the certificate of ${certificate.subject.CN}, not that of ${expected}`);
    },
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${CONNECT_TIMEOUT_MS} ms`)));
  return { outgoing, place: `${host}:${port}` };
}
