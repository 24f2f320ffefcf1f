import type { IncomingMessage, ServerResponse } from 'node:http';
import type { User } from '../auth/user.ts';
import type { Upgrade } from '../connect/tunnel.ts';
import type { ServerContext } from './context.ts';
import type { Target } from './resource.ts';

/** An authorised request for a served resource. */
export interface ApiRequest {
  readonly context: ServerContext;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly user: User;
  readonly target: Target;
  /** Adds a `Warning` header. */
  readonly warn: (text: string) => void;
  /** Adds an annotation to the audit's events. */
  readonly annotate: (key: string, value: string) => void;
  /** The connection, where the client wants to take it over. */
  readonly upgrade: Upgrade | undefined;
  /** A watch, or another stream, has sent its headers and what there was. */
  readonly onWatchOpen: () => void;
}
