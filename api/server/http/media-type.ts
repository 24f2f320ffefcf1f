import { parseAccept } from '../discovery/accept.ts';
import { notAcceptable } from './errors.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf';
/** What an answer is turned into before it is encoded. */
export type Shape = 'object' | 'Table' | 'PartialObjectMetadata';

export interface Representation {
  readonly encoding: Encoding;
  readonly shape: Shape;
}

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'application/yaml';
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  [JSON_TYPE, 'json'],
  ['application/*', 'json'],
  ['*/*', 'json'],
  [YAML_TYPE, 'yaml'],
  [PROTOBUF_TYPE, 'protobuf'],
]);

function shapeOf(parameters: Readonly<Record<string, string | undefined>>): Shape | undefined {
  const { as, g, v } = parameters;
  if (as === undefined) return 'object';
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (as === 'Table') return 'Table';
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList'
    ? 'PartialObjectMetadata'
    : undefined;
}

export interface NegotiateOptions {
  /** Whether the answer has a protobuf form; alternatives that ask for one are passed over where not. */
  readonly protobuf: boolean;
  /** Whether the answer can be a Table or bare metadata. */
  readonly shapes: boolean;
}

/**
 * The best liked representation that can be had.
 * @throws StatusError 406 where the header allows none
 */
export function negotiate(accept: string | undefined, options: NegotiateOptions): Representation {
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return { encoding: 'json', shape: 'object' };
  for (const { type, parameters } of ranges) {
    const encoding = ENCODINGS.get(type);
    const shape = shapeOf(parameters);
    if (encoding === undefined || shape === undefined) continue;
    if (shape !== 'object' && (!options.shapes || encoding === 'protobuf')) continue;
    if (encoding === 'protobuf' && !options.protobuf) continue;
    return { encoding, shape };
  }
  throw notAcceptable([JSON_TYPE, YAML_TYPE, ...(options.protobuf ? [PROTOBUF_TYPE] : [])]);
}

/** The media type of a `Content-Type` header, lower case and without parameters. */
export function mediaTypeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
