import test from 'ava';
import { jwtAuthenticatorSchema } from '../../../../lib/oidc/oidc-config.ts';
import { compileClaimMapper } from './claim-mapper.ts';
import { OidcTokenError } from './oidc-token-error.ts';

const AT = 'configuration: authentication.oidc.3';

function compile(claimMappings: object, more: object = {}) {
  const config = jwtAuthenticatorSchema.parse({
    issuer: { url: 'https://login.test', audiences: ['a'] },
    claimMappings: { username: { claim: 'sub', prefix: '' }, ...claimMappings },
    ...more,
  });
  return () => compileClaimMapper(config, 'authentication.oidc.3');
}

test('an expression that does not compile is told with its field and itself', (t) => {
  t.throws(compile({ username: { expression: 'claim.sub' } }), {
    message: `${AT}.claimMappings.username.expression: "claim.sub": compilation failed: Unknown variable: claim`,
  });
  const extra = [{ key: 'a.b/c', valueExpression: '1 +' }];
  t.throws(compile({ extra }), {
    message: /claimMappings\.extra\.0\.valueExpression: "1 \+": compilation failed: /,
  });
  t.throws(compile({}, { claimValidationRules: [{ expression: '1 + 1' }] }), {
    message: `${AT}.claimValidationRules.0.expression: "1 + 1": compilation failed: must evaluate to bool, not to int`,
  });
  t.throws(compile({}, { userValidationRules: [{ expression: 'user.name == ""' }] }), {
    message: /userValidationRules\.0\.expression: "user\.name == \\"\\"": compilation failed: /,
  });
});

test('who is named by an address must have shown that it is theirs', (t) => {
  const username = { expression: 'claims.email' };
  t.throws(compile({ username }), {
    message: /username\.expression: "claims\.email": reads claims\.email: then /,
  });
  t.throws(compile({ username: { expression: '["a", claims.?email.orValue("")][1]' } }), {
    message: /reads claims\.email/,
  });
  const verified = 'claims.?email_verified.orValue(true) == true';
  t.notThrows(compile({ username }, { claimValidationRules: [{ expression: verified }] }));
  t.notThrows(compile({ username: { expression: 'claims.email_verified ? claims.email : claims.sub' } }));
  t.notThrows(
    compile({ username, extra: [{ key: 'a.b/c', valueExpression: 'string(claims.email_verified)' }] }),
  );
});

/** The user that claims become, or why they do not. */
function map(claimMappings: object, claims: object, more: object = {}) {
  try {
    return compile(claimMappings, more)()(new Map(Object.entries({ sub: 'a', ...claims })));
  } catch (error) {
    return error instanceof OidcTokenError ? `${error.refusal}: ${error.message}` : String(error);
  }
}

const expression = (text: string) => ({ expression: text });

test('what expressions give: strings, lists of them, or nothing', (t) => {
  const groups = (text: string, claims: object = {}) => {
    const user = map({ groups: expression(text) }, claims);
    return typeof user === 'string' ? user : user.groups.slice(0, -1);
  };
  t.deepEqual(groups('claims.g', { g: null }), []);
  t.deepEqual(groups('claims.g', { g: '' }), []);
  t.deepEqual(groups('claims.g', { g: ['x', '', 'y'] }), ['x', 'y']);
  t.deepEqual(groups('claims.?g.orValue([])'), []);
  t.deepEqual(groups("claims.g.split(',')", { g: 'x,y' }), ['x', 'y']);
  t.is(
    groups('claims.g', { g: 1 }),
    'claims: oidc: groups claim expression must be a string or a list of strings',
  );
  t.is(
    map({ uid: expression('claims.n') }, { n: 1 }),
    'claims: oidc: uid claim expression must return a string',
  );
  t.is(
    map({ username: expression('claims.n') }, { n: 1 }),
    'claims: oidc: username claim expression must return a string',
  );
});

test('claims are what JSON says, whatever they are named', (t) => {
  const name = (text: string, claims: object) => {
    const user = map({ username: expression(text) }, claims);
    return typeof user === 'string' ? user : user.name;
  };
  t.is(name('string(claims.n + 1)', { n: 41 }), '42');
  t.is(name('string(claims.n * 2.0)', { n: 0.5 }), '1');
  t.is(name('claims["https://a.test/roles"][0]', { 'https://a.test/roles': ['r'] }), 'r');
  t.is(name('claims.a.constructor + claims.toString', { a: { constructor: 'x' }, toString: 'y' }), 'xy');
  t.is(name('claims.a["__proto__"]', JSON.parse('{"a":{"__proto__":"p"}}')), 'p');
  t.regex(
    name('claims.a.b.c', { a: {} }),
    /^claims: oidc: error evaluating username claim expression: No such key: b$/,
  );
});

test('rules: a string that is required, and booleans alone', (t) => {
  const rule = (claims: object, ...claimValidationRules: object[]) =>
    map({}, claims, { claimValidationRules });
  const required = { claim: 'hd', requiredValue: '1' };
  t.is(rule({ hd: 1 }, required), 'rule: oidc: required claim hd value does not match. Got = 1, want = "1"');
  t.like(rule({ hd: '1' }, required), { name: 'a' });
  t.is(
    rule({ ok: 'yes' }, expression('claims.ok')),
    'rule: oidc: error evaluating claim validation expression: validation expression must return a boolean',
  );
  t.regex(String(rule({}, expression('claims.ok'))), /^rule: .*No such key: ok$/);
  const extra = [{ key: 'a.b/t', valueExpression: 'claims.t' }];
  const users = (text: string) =>
    map({ uid: { claim: 't' }, extra }, { t: 'x' }, { userValidationRules: [expression(text)] });
  t.like(users("user.extra['a.b/t'][0] == 'x' && user.uid == 'x' && size(user.groups) == 0"), { name: 'a' });
  t.regex(
    String(users("user.username != 'a'")),
    /^rule: .*validation expression 'user.username != 'a'' failed: $/,
  );
});

test('the token’s own ID is in the user’s extra', (t) => {
  const key = 'authentication.kubernetes.io/credential-id';
  t.deepEqual(map({}, { jti: 't-1' }), {
    name: 'a',
    groups: ['system:authenticated'],
    extra: { [key]: ['JTI=t-1'] },
  });
  t.deepEqual(map({}, { jti: 7 }), { name: 'a', groups: ['system:authenticated'] });
});
