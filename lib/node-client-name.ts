/** Common name of the certificate by which API servers are known to nodes: no other client is served there. */
export const NODE_CLIENT_NAME = 'system:holt-api';

/** Where a node's streaming endpoint has the containers. */
export const NODE_STREAM_PATHS = '/v1/namespaces/';

/** Common name of a node's certificates. */
export function nodeCertificateName(nodeName: string): string {
  return `system:node:${nodeName}`;
}
