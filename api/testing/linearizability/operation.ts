/** What an object holds that the check looks at: its annotations, each written by one operation. */
export type Content = Readonly<Record<string, string>>;

/** One object as somebody saw it. */
export interface Seen {
  readonly key: string;
  /** The resourceVersion. */
  readonly revision: number;
  readonly uid: string;
  readonly content: Content;
}

export interface SeenList {
  readonly revision: number;
  readonly items: readonly Seen[];
}

/** Why the server said no, for good. */
export type Refusal = 'AlreadyExists' | 'NotFound' | 'Conflict';

/** What a client learned of an operation. */
export type Outcome =
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'deleted'; readonly uid: string }
  | { readonly kind: 'list'; readonly list: SeenList }
  | { readonly kind: 'refused'; readonly reason: Refusal }
  /** A write may or may not have been carried out. */
  | { readonly kind: 'unknown' }
  /** It never left this process. */
  | { readonly kind: 'unsent' }
  /** An answer that the server must never give. */
  | { readonly kind: 'defect'; readonly code: number; readonly message: string };

export type OperationKind =
  | 'create'
  | 'get'
  | 'update'
  | 'patch'
  | 'delete'
  | 'list'
  /** A list that takes any state the server has at hand. */
  | 'cachedList'
  | 'dryRun';

export interface Operation {
  readonly client: number;
  readonly kind: OperationKind;
  /** Empty for lists. */
  readonly key: string;
  /** Unique to this operation; it stands in what it writes. */
  readonly token: string;
  /** The revision that an update was based on. */
  readonly basedOn: number;
  /** Times of one clock, milliseconds. */
  readonly callMs: number;
  readonly returnMs: number;
  readonly outcome: Outcome;
}

/** What one client can do to the leases of a namespace. */
export interface LeaseClient {
  create(key: string, token: string): Promise<Outcome>;
  get(key: string): Promise<Outcome>;
  /** Replaces everything, if the object still is at `seen.revision`. */
  update(seen: Seen, token: string): Promise<Outcome>;
  /** Sets one annotation, whatever else there is. */
  patch(key: string, token: string): Promise<Outcome>;
  delete(key: string): Promise<Outcome>;
  list(): Promise<Outcome>;
  cachedList(): Promise<Outcome>;
  /** A create that must not be carried out. */
  dryRun(key: string, token: string): Promise<Outcome>;
}

/** The annotation that a create or an update writes. */
export const WRITTEN = 'written';

/** The annotation that a patch of this token sets: few names, so that patches overwrite each other too. */
export function markOf(token: string): string {
  return `mark-${token.split('-')[0] ?? ''}`;
}

/** What stands there after a write, by what stood there before. */
export function contentAfter(operation: Pick<Operation, 'kind' | 'token'>, before: Content): Content {
  const { kind, token } = operation;
  return kind === 'patch' ? { ...before, [markOf(token)]: token } : { [WRITTEN]: token };
}

export function sameContent(one: Content, other: Content): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
