import { z } from 'zod';

const reference = z.object({ name: z.string().min(1), uid: z.string().min(1) });

/** Kinds that a token may be bound to, by the name of their claim. */
export const BOUND_CLAIMS = ['secret', 'node', 'uservm', 'sandboxcontainer'] as const;

export type BoundClaim = (typeof BOUND_CLAIMS)[number];

/**
 * The claims of a service-account token; times in seconds since the epoch.
 * Source: k8s.io/kubernetes/pkg/serviceaccount/claims.go
 */
export const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string(),
  aud: z.array(z.string()),
  exp: z.int(),
  nbf: z.int(),
  iat: z.int(),
  jti: z.string().min(1),
  'kubernetes.io': z.object({
    namespace: z.string().min(1),
    serviceaccount: reference,
    secret: reference.optional(),
    node: reference.optional(),
    uservm: reference.optional(),
    sandboxcontainer: reference.optional(),
  }),
});

export type TokenClaims = z.infer<typeof claimsSchema>;

/** `system:serviceaccount:<namespace>:<name>`: the user name of a service account. */
export function serviceAccountUserName(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** The groups of every service account of a namespace. */
export function serviceAccountGroups(namespace: string): readonly string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
}
