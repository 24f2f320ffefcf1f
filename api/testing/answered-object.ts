/**
 * An answer of the API as the tests read it: an object, a list or a Status, whose fields each test knows to be there.
 * What is not there is undefined at run time, and the assertion on it fails.
 */
export interface AnsweredObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Record<string, string>;
    readonly continue?: string;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly status: {
    /** Of a TokenRequest. */
    readonly token: string;
    /** Of a TokenReview. */
    readonly authenticated?: boolean;
    readonly user?: { readonly username: string };
  };
  /** Of a list. */
  readonly items: readonly AnsweredObject[];
  /** Of a JSON Web Key Set. */
  readonly keys: readonly { readonly kid: string }[];
  /** Of a Status, as all that follows. */
  readonly code: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details: { readonly uid: string };
}
