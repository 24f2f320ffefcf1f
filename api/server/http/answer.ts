import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ListResult } from '../read/list.ts';
import type { Resource } from './resource.ts';

/** What a handler found; how it is written is for `renderAnswer`. */
export type Answer =
  /** One stored object. */
  | {
      readonly kind: 'stored';
      readonly code: number;
      readonly resource: Resource;
      readonly stored: StoredObject;
    }
  | { readonly kind: 'list'; readonly resource: Resource; readonly list: ListResult }
  /** A Status or a review. */
  | { readonly kind: 'plain'; readonly code: number; readonly object: JsonRecord }
  /** Bytes that are ready to be sent. */
  | {
      readonly kind: 'raw';
      readonly code: number;
      readonly contentType: string;
      readonly body: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The handler has written the response itself. */
  | { readonly kind: 'streamed' };

export interface RenderedAnswer {
  readonly code: number;
  readonly contentType: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}
