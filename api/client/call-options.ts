import type { ApiObject, Stored } from '../../crds/meta/meta.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 30,000. */
  readonly timeoutMs?: number | undefined;
  /** `Accept` header, where the answer is wanted in another form than the whole object. */
  readonly accept?: string | undefined;
}

export interface WriteOptions extends CallOptions {
  /** Validate and answer without storing. */
  readonly dryRun?: boolean | undefined;
  /** What the server does with unknown fields; the server's default is Warn, as in Kubernetes. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict' | undefined;
  readonly fieldManager?: string | undefined;
}

export interface ListOptions extends CallOptions {
  /** Empty or absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Objects a page. */
  readonly limit?: number | undefined;
  readonly continueToken?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined;
}

export interface ObjectList<T extends ApiObject> {
  readonly items: Stored<T>[];
  /** The revision at which all pages were read: where a watch goes on from. */
  readonly resourceVersion: string;
  /** Set where more pages follow. */
  readonly continueToken: string | undefined;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Events after this one; absent: the present objects as ADDED first. */
  readonly resourceVersion?: string | undefined;
  /** The server ends the watch after it. */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** See `CallOptions`. */
  readonly accept?: string | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Preconditions: 409 where the stored object has another one. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
}
