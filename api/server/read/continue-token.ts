import { z } from 'zod';
import { badRequest } from '../http/errors.ts';

/** Where the next page of a list begins. */
export interface ContinueToken {
  /** Revision of the list; undefined: whatever is newest (the rest of a list whose revision is gone). */
  readonly revision: number | undefined;
  /** The last key of the page before, below the list's prefix. */
  readonly after: string;
}

const schema = z.object({ v: z.literal(1), rv: z.int().min(-1), after: z.string() });

/** Opaque to clients. */
export function encodeContinueToken({ revision, after }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: revision ?? -1, after })).toString('base64url');
}

/** @throws StatusError 400 for anything but a token of this server */
export function decodeContinueToken(token: string): ContinueToken {
  try {
    const { rv, after } = schema.parse(JSON.parse(Buffer.from(token, 'base64url').toString()));
    return { revision: rv === -1 ? undefined : rv, after };
  } catch {
    throw badRequest(
      'continue key is not valid: give back the metadata.continue of the page before, unchanged',
    );
  }
}
