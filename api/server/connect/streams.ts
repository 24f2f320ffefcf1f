import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';

/** Subresources of containers that last as long as their clients want. */
export const STREAMS = ['attach', 'exec', 'log', 'portforward'] as const;

export type StreamName = (typeof STREAMS)[number];

/** Which stream of a kind a subresource is; undefined for any other subresource. */
export function streamOf(
  { hasStreams }: Pick<ResourceInfo, 'hasStreams'>,
  subresource: string | undefined,
): StreamName | undefined {
  return hasStreams === true ? STREAMS.find((name) => name === subresource) : undefined;
}

/** Verbs of a stream, as discovery and RBAC have them: a WebSocket begins with a GET. */
export function streamVerbs(stream: StreamName): readonly string[] {
  return stream === 'log' ? ['get'] : ['create', 'get'];
}
