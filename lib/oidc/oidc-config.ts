import { z } from 'zod';
import { issuerSchema } from './issuer-config.ts';
import { refuse, refuseDoubles } from './refuse.ts';

const claimSource = { claim: z.string().min(1).optional(), expression: z.string().min(1).optional() };
const NOT_BOTH = "claim and expression can't both be set; leave one out";

/** Names that begin so are the server's own; no issuer may give them. */
export const RESERVED_PREFIX = 'system:';

const prefixedSchema = z
  .strictObject({ ...claimSource, prefix: z.string().optional() })
  .superRefine(({ claim, prefix, expression }, context) => {
    if (claim !== undefined && expression !== undefined) refuse(context, [], claim, NOT_BOTH);
    if (claim === undefined && expression === undefined) refuse(context, [], '', 'set claim or expression');
    if (expression !== undefined && prefix !== undefined)
      refuse(
        context,
        ['prefix'],
        prefix,
        'may not be specified when expression is set; write it into the expression',
      );
    if (claim !== undefined && expression === undefined && prefix === undefined)
      refuse(context, ['prefix'], '', 'is required when claim is set; an empty string means no prefix');
    if (prefix?.startsWith(RESERVED_PREFIX) === true)
      refuse(
        context,
        ['prefix'],
        prefix,
        `names that begin with ${RESERVED_PREFIX} are reserved; take another prefix`,
      );
  });

const EXTRA_KEY =
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[a-z0-9\-._~%!$&'()*+,;=:/]+$/;
const KUBERNETES_DOMAIN = /^([^/]*\.)?(kubernetes|k8s)\.io\//;

const extraSchema = z
  .strictObject({ key: z.string(), valueExpression: z.string().min(1) })
  .superRefine(({ key }, context) => {
    if (!EXTRA_KEY.test(key))
      refuse(
        context,
        ['key'],
        key,
        'must be lowercase, with a domain and a path, such as "example.org/tenant"',
      );
    if (KUBERNETES_DOMAIN.test(key))
      refuse(
        context,
        ['key'],
        key,
        'k8s.io, kubernetes.io and their subdomains are reserved; take a domain of yours',
      );
  });

const claimRuleSchema = z
  .strictObject({ ...claimSource, requiredValue: z.string().optional(), message: z.string().optional() })
  .superRefine(({ claim, expression, requiredValue, message }, context) => {
    if (claim !== undefined && expression !== undefined) refuse(context, [], claim, NOT_BOTH);
    if (claim === undefined && expression === undefined) refuse(context, [], '', 'set claim or expression');
    if (claim !== undefined && message !== undefined)
      refuse(context, ['message'], message, 'may not be specified when claim is set; leave it out');
    if (expression !== undefined && requiredValue !== undefined)
      refuse(
        context,
        ['requiredValue'],
        requiredValue,
        'may not be specified when expression is set; leave it out',
      );
  });

/**
 * One issuer of OpenID Connect tokens: an entry of `jwt` in an AuthenticationConfiguration.
 * Source: apiserver.config.k8s.io/v1 JWTAuthenticator, and k8s.io/apiserver/pkg/apis/apiserver/validation
 */
export const jwtAuthenticatorSchema = z
  .strictObject({
    issuer: issuerSchema,
    /** All must hold for a token to count. */
    claimValidationRules: z.array(claimRuleSchema).default([]),
    claimMappings: z.strictObject({
      username: prefixedSchema,
      groups: prefixedSchema.optional(),
      uid: z
        .strictObject(claimSource)
        .superRefine(({ claim, expression }, context) => {
          if (claim !== undefined && expression !== undefined) refuse(context, [], claim, NOT_BOTH);
        })
        .optional(),
      extra: z.array(extraSchema).default([]),
    }),
    /** All must hold for the user that the mappings gave. */
    userValidationRules: z
      .array(z.strictObject({ expression: z.string().min(1), message: z.string().optional() }))
      .default([]),
  })
  .superRefine(({ claimValidationRules: rules, claimMappings, userValidationRules }, context) => {
    const at =
      (...path: string[]) =>
      (index: number) => [...path.slice(0, -1), String(index), path.at(-1) ?? ''];
    const keys = claimMappings.extra.map(({ key }) => key);
    refuseDoubles(context, keys, (index) => ['claimMappings', ...at('extra', 'key')(index)]);
    for (const field of ['claim', 'expression'] as const) {
      // Absent ones get a text of their own each, so that only what is there can stand twice.
      const values = rules.map((rule, index) => rule[field] ?? `\0${index}`);
      refuseDoubles(context, values, at('claimValidationRules', field));
    }
    const users = userValidationRules.map(({ expression }) => expression);
    refuseDoubles(context, users, at('userValidationRules', 'expression'));
  });

export type JwtAuthenticatorConfig = z.infer<typeof jwtAuthenticatorSchema>;

/** As many issuers as upstream takes. */
const ISSUERS_MAX = 64;

/** All issuers; each by one entry. */
export const oidcSchema = z
  .array(jwtAuthenticatorSchema)
  .max(ISSUERS_MAX, `must be ${ISSUERS_MAX} issuers at most`)
  .default([])
  .superRefine((entries, context) => {
    for (const field of ['url', 'discoveryURL'] as const) {
      const values = entries.map(({ issuer }, index) => issuer[field] ?? `\0${index}`);
      refuseDoubles(context, values, (index) => [String(index), 'issuer', field]);
    }
  });
