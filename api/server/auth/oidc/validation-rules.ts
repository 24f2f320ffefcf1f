import { type JwtAuthenticatorConfig, RESERVED_PREFIX } from '../../../../lib/oidc/oidc-config.ts';
import type { User } from '../user.ts';
import { type ConfiguredExpressions, evaluated } from './configured-expressions.ts';
import type { Expression } from './expression.ts';
import { OidcTokenError } from './oidc-token-error.ts';
import type { Claims } from './token-parts.ts';

/** @throws OidcTokenError for what breaks a rule */
export type Check<T> = (value: T) => void;

function expressionRule<T>(expression: Expression<T>, what: string, message = ''): Check<T> {
  return (value) => {
    const result = evaluated(expression, value, { what, refusal: 'rule' });
    if (result === true) return;
    const why =
      result === false
        ? `validation expression '${expression.text}' failed: ${message}`
        : 'validation expression must return a boolean';
    throw new OidcTokenError('rule', `error evaluating ${what}: ${why}`);
  };
}

/** Only strings can be required. */
function requiredClaim(claim: string, required: string): Check<Claims> {
  return (claims) => {
    if (!claims.has(claim))
      throw new OidcTokenError('rule', `required claim ${claim} not present in ID token`);
    const value = claims.get(claim);
    if (value === required) return;
    const [got, want] = [value, required].map((each) => JSON.stringify(each));
    throw new OidcTokenError(
      'rule',
      `required claim ${claim} value does not match. Got = ${got}, want = ${want}`,
    );
  };
}

/** @throws Error for an expression that does not compile */
export function compileClaimRules(
  rules: JwtAuthenticatorConfig['claimValidationRules'],
  expressions: ConfiguredExpressions,
): Check<Claims> {
  const checks = rules.map(({ claim = '', requiredValue = '', expression, message }, index) =>
    expression === undefined
      ? requiredClaim(claim, requiredValue)
      : expressionRule(
          expressions.claims(`claimValidationRules.${index}.expression`, expression, 'bool'),
          'claim validation expression',
          message,
        ),
  );
  return (claims) => {
    for (const check of checks) check(claims);
  };
}

/** @throws Error for an expression that does not compile */
export function compileUserRules(
  rules: JwtAuthenticatorConfig['userValidationRules'],
  expressions: ConfiguredExpressions,
): Check<User> {
  const checks = rules.map(({ expression, message }, index) =>
    expressionRule(
      expressions.user(`userValidationRules.${index}.expression`, expression),
      'user info validation rule',
      message,
    ),
  );
  return (user) => {
    for (const check of checks) check(user);
  };
}

/** No issuer names the server's own users and groups, nor nobody. @throws OidcTokenError */
export function checkNames({ name, groups }: User): void {
  if (name === '') throw new OidcTokenError('claims', 'the mapped username is empty');
  const reserved = [name, ...groups].find((each) => each.startsWith(RESERVED_PREFIX));
  if (reserved === undefined) return;
  throw new OidcTokenError(
    'reserved-name',
    `${JSON.stringify(reserved)}: usernames and groups that begin with ${RESERVED_PREFIX} are reserved`,
  );
}
