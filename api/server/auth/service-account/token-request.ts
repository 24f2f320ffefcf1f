import { z } from 'zod';
import type { JsonRecord } from '../../../../crds/generate/json-record.ts';
import type { ApiObject } from '../../../../crds/meta/meta.ts';
import { apiVersionOf } from '../../../../crds/meta/resource-definition.ts';
import { badRequest, conflict, notFound } from '../../http/errors.ts';
import { StatusError } from '../../http/status-error.ts';
import { BOUND_CLAIMS, type BoundClaim } from './claims.ts';
import { issueToken, type TokenOrder } from './issue-token.ts';
import type { ServiceAccountKeys } from './key-set.ts';
import { BOUND_DEFINITIONS, type LiveObjects } from './live-objects.ts';

/** What tokens are made with. */
export interface TokenIssuer {
  readonly keys: () => ServiceAccountKeys;
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly objects: LiveObjects;
}

export interface TokenRequestInput {
  readonly account: ApiObject;
  readonly body: JsonRecord;
  readonly nowMs: number;
  readonly dryRun: boolean;
  readonly warn: (text: string) => void;
}

const KIND = 'TokenRequest';
const GROUP = 'authentication.k8s.io';
const DEFAULT_SECONDS = 3_600;
const MIN_SECONDS = 600;
/** Longer ones are shortened, with a warning: a token that was stolen ends by itself within a day. */
const MAX_SECONDS = 24 * 3_600;

const requestSchema = z.object({
  metadata: z.object({ name: z.string().optional(), namespace: z.string().optional() }).nullish(),
  spec: z
    .object({
      audiences: z.array(z.string()).nullish(),
      expirationSeconds: z.int().nullish(),
      boundObjectRef: z
        .object({
          kind: z.string().default(''),
          apiVersion: z.string().default(''),
          name: z.string().default(''),
          uid: z.string().default(''),
        })
        .nullish(),
    })
    .nullish(),
});

type BoundObjectRef = NonNullable<NonNullable<z.infer<typeof requestSchema>['spec']>['boundObjectRef']>;

function invalid(name: string, field: string, value: unknown, detail: string): StatusError {
  const message = `Invalid value: ${JSON.stringify(value)}: ${detail}`;
  return new StatusError({
    code: 422,
    reason: 'Invalid',
    message: `${KIND}.${GROUP} ${JSON.stringify(name)} is invalid: ${field}: ${message}`,
    details: {
      ...(name !== '' && { name }),
      group: GROUP,
      kind: KIND,
      causes: [{ reason: 'FieldValueInvalid', message, field }],
    },
  });
}

function parseRequest(body: JsonRecord) {
  if (body.kind !== undefined && body.kind !== KIND)
    throw badRequest(
      `the object provided is unrecognized (kind ${JSON.stringify(body.kind)}): ${KIND} is taken`,
    );
  const parsed = requestSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badRequest(`${KIND} in version "v1" cannot be handled: ${issue?.path.join('.')}: ${issue?.message}`);
}

function checkMetadata(
  account: ApiObject,
  metadata: { name?: string | undefined; namespace?: string | undefined },
) {
  const { name = '', namespace = '' } = account.metadata;
  if (metadata.name && metadata.name !== name)
    throw invalid(name, 'metadata.name', metadata.name, 'must match the service account name if specified');
  if (metadata.namespace && metadata.namespace !== namespace) {
    const detail = 'must match the service account namespace if specified';
    throw invalid(name, 'metadata.namespace', metadata.namespace, detail);
  }
}

function claimOf({ kind, apiVersion }: BoundObjectRef): BoundClaim | undefined {
  return BOUND_CLAIMS.find((claim) => {
    const definition = BOUND_DEFINITIONS[claim];
    return definition.kind === kind && apiVersionOf(definition) === apiVersion;
  });
}

async function findBound(
  objects: LiveObjects,
  account: ApiObject,
  ref: BoundObjectRef,
): Promise<NonNullable<TokenOrder['bound']>> {
  const { name = '', namespace = '' } = account.metadata;
  const claim = claimOf(ref);
  if (claim === undefined) {
    const what = `${ref.apiVersion}, Kind=${ref.kind}`;
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(name)} to object of type ${what}`,
    );
  }
  const definition = BOUND_DEFINITIONS[claim];
  const uid = (await objects.bound(claim, namespace, ref.name))?.metadata.uid;
  if (uid === undefined) throw notFound(definition, ref.name);
  if (ref.uid !== '' && ref.uid !== uid) {
    throw conflict(
      definition,
      ref.name,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { claim, reference: { name: ref.name, uid } };
}

/** Its errors name no object, as upstream's. */
function lifetimeOf(asked: number | null | undefined, warn: (text: string) => void): number {
  const seconds = asked ?? DEFAULT_SECONDS;
  const field = 'spec.expirationSeconds';
  if (seconds < MIN_SECONDS)
    throw invalid('', field, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > 2 ** 32)
    throw invalid('', field, seconds, 'may not specify a duration larger than 2^32 seconds');
  if (seconds <= MAX_SECONDS) return seconds;
  warn(`requested expiration of ${seconds} seconds shortened to ${MAX_SECONDS} seconds`);
  return MAX_SECONDS;
}

/** A TokenRequest answered, and the id of the token in it. */
export interface TokenRequestAnswer {
  readonly object: JsonRecord;
  readonly tokenId: string;
}

/**
 * Makes a token for an account: the answer to a POST on its `token` subresource. Nothing is stored.
 * Source: k8s.io/kubernetes/pkg/registry/core/serviceaccount/storage/token.go
 * @throws StatusError 400, 404 and 409 for the bound object, 422 for the lifetime
 */
export async function answerTokenRequest(
  issuer: TokenIssuer,
  { account, body, nowMs, dryRun, warn }: TokenRequestInput,
): Promise<TokenRequestAnswer> {
  const { metadata, spec } = parseRequest(body);
  checkMetadata(account, metadata ?? {});
  const { name = '', namespace = '', uid = '' } = account.metadata;
  const ref = spec?.boundObjectRef ?? undefined;
  const bound = ref === undefined ? undefined : await findBound(issuer.objects, account, ref);
  const asked = spec?.audiences ?? [];
  const audiences = asked.length > 0 ? asked : issuer.audiences;
  const lifetimeSeconds = lifetimeOf(spec?.expirationSeconds, warn);
  const order = { keys: issuer.keys(), issuer: issuer.issuer, audiences, namespace, nowMs, lifetimeSeconds };
  const made = await issueToken({ ...order, serviceAccount: { name, uid }, bound });
  const second = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const object = {
    kind: KIND,
    apiVersion: `${GROUP}/v1`,
    metadata: { name, namespace, creationTimestamp: second(nowMs) },
    spec: { audiences, expirationSeconds: lifetimeSeconds, boundObjectRef: ref ?? null },
    status: {
      token: dryRun ? '' : made.token,
      expirationTimestamp: second(nowMs + lifetimeSeconds * 1000),
    },
  };
  return { object, tokenId: made.tokenId };
}
