import type { JwtAuthenticatorConfig } from '../../../../lib/oidc/oidc-config.ts';
import type { User } from '../user.ts';
import { type ConfiguredExpressions, evaluated } from './configured-expressions.ts';
import { OidcTokenError } from './oidc-token-error.ts';
import type { Claims } from './token-parts.ts';

type Mappings = JwtAuthenticatorConfig['claimMappings'];
type FromClaims<T> = (claims: Claims) => T;

function refuse(message: string): OidcTokenError {
  return new OidcTokenError('claims', message);
}

function readString(claims: Claims, claim: string, what: string): string {
  const value = claims.get(claim);
  if (typeof value === 'string') return value;
  const why = claims.has(claim) ? 'claim is no string' : 'claim not present';
  throw refuse(`parse ${what} ${JSON.stringify(claim)}: ${why}`);
}

/** A text, a list of texts, or nothing. */
function readStrings(value: unknown, what: string): readonly string[] {
  if (value === null) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const strings = list.filter((one) => typeof one === 'string');
  if (strings.length < list.length) throw refuse(`${what} must be a string or a list of strings`);
  return strings;
}

function stringBy(expressions: ConfiguredExpressions, field: string, text: string): FromClaims<string> {
  const expression = expressions.claims(`claimMappings.${field}.expression`, text);
  const what = `${field} claim expression`;
  return (claims) => {
    const value = evaluated(expression, claims, { what, refusal: 'claims' });
    if (typeof value === 'string') return value;
    throw refuse(`${what} must return a string`);
  };
}

/** Empty texts that an expression gives count for nothing. */
function stringsBy(
  expressions: ConfiguredExpressions,
  field: string,
  text: string,
): FromClaims<readonly string[]> {
  const expression = expressions.claims(`claimMappings.${field}`, text);
  const what = `${field.split('.', 1)[0]} claim expression`;
  return (claims) =>
    readStrings(evaluated(expression, claims, { what, refusal: 'claims' }), what).filter((one) => one !== '');
}

/** @throws OidcTokenError for an address that its issuer says is not verified */
function checkEmail(claims: Claims): void {
  if (claims.has('email_verified') && claims.get('email_verified') !== true)
    throw refuse('email not verified');
}

function usernameOf(mapping: Mappings['username'], expressions: ConfiguredExpressions): FromClaims<string> {
  const { claim = '', prefix = '', expression } = mapping;
  if (expression !== undefined) return stringBy(expressions, 'username', expression);
  return (claims) => {
    if (claim === 'email') checkEmail(claims);
    return prefix + readString(claims, claim, 'username claims');
  };
}

function groupsOf(
  mapping: Mappings['groups'],
  expressions: ConfiguredExpressions,
): FromClaims<readonly string[]> {
  const { claim, prefix = '', expression } = mapping ?? {};
  if (expression !== undefined) return stringsBy(expressions, 'groups.expression', expression);
  return (claims) => {
    if (claim === undefined || !claims.has(claim)) return [];
    const groups = readStrings(claims.get(claim), `groups claim ${JSON.stringify(claim)}`);
    return groups.map((group) => prefix + group);
  };
}

function uidOf(mapping: Mappings['uid'], expressions: ConfiguredExpressions): FromClaims<string> {
  const { claim, expression } = mapping ?? {};
  if (expression !== undefined) return stringBy(expressions, 'uid', expression);
  return (claims) => (claim === undefined ? '' : readString(claims, claim, 'uid claim'));
}

/** By which audits tell a token from the user's others. */
function credentialId(claims: Claims): readonly (readonly [string, readonly string[]])[] {
  const tokenId = claims.get('jti');
  if (typeof tokenId !== 'string' || tokenId === '') return [];
  return [['authentication.kubernetes.io/credential-id', [`JTI=${tokenId}`]]];
}

/**
 * Prepares the mappings of claims to a user. The first error of a token is told, in upstream's order and words.
 * Source: k8s.io/apiserver/plugin/pkg/authenticator/token/oidc/oidc.go
 * @throws Error for an expression that does not compile
 */
export function compileMappings(mappings: Mappings, expressions: ConfiguredExpressions): FromClaims<User> {
  const username = usernameOf(mappings.username, expressions);
  const groups = groupsOf(mappings.groups, expressions);
  const uid = uidOf(mappings.uid, expressions);
  const extras = mappings.extra.map(({ key, valueExpression }, index) => ({
    key,
    values: stringsBy(expressions, `extra.${index}.valueExpression`, valueExpression),
  }));
  return (claims) => {
    const user = { name: username(claims), groups: groups(claims) };
    const id = uid(claims);
    const mapped = extras
      .map(({ key, values }) => [key, values(claims)] as const)
      .filter(([, values]) => values.length > 0);
    const extra = [...credentialId(claims), ...mapped];
    return {
      ...user,
      ...(id === '' ? {} : { uid: id }),
      ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
    };
  };
}
