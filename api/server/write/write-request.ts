import type { StoredObject } from '../../storage/stored-object.ts';
import type { User } from '../auth/user.ts';
import type { ServerContext } from '../http/context.ts';
import type { WriteOptions } from '../http/query.ts';
import type { Resource } from '../http/resource.ts';
import type { PolicyAdmission } from '../policy/admission.ts';
import type { FieldError } from '../schema/field-error.ts';

/** One object to be written, and how. */
export interface WriteRequest extends WriteOptions {
  readonly context: ServerContext;
  /** Who writes. */
  readonly user: User;
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
  /** What was wrong with the form of the body, to be told with what is wrong with its fields. */
  readonly formErrors?: readonly FieldError[];
  /** A patch may not change what the object is; in an update its UID is a precondition. */
  readonly isPatch?: boolean;
  /** '' for the object itself. */
  readonly subresource: string;
  /** Name of the field manager; absent where the server writes by itself. */
  readonly fieldManager?: string | undefined;
  /** W3C trace context of this write's span, else of the request; a fresh one is made where it is absent. */
  readonly traceparent: string | undefined;
  /** Asks the policies; absent where the server writes by itself: no policy is in the way of that. */
  readonly admission?: PolicyAdmission;
}

/** What came of a write. */
export interface WriteResult {
  readonly action: 'none' | 'put' | 'delete';
  readonly stored: StoredObject;
  readonly warnings: readonly string[];
}

/** Seconds precision, as metav1.Time. */
export function timestamp(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
}
