import test from 'ava';
import { z } from 'zod';
import { parseConfig } from '../config.ts';
import { oidcSchema } from './oidc-config.ts';

const GOOD = {
  issuer: { url: 'https://login.example.com', audiences: ['holt'] },
  claimMappings: { username: { claim: 'sub', prefix: 'oidc:' } },
};

/** What holt-api says of a configuration: a field, and what is wrong with it. */
function problems(...entries: readonly unknown[]): string[] {
  const parsed = oidcSchema.safeParse(entries);
  if (parsed.success) return [];
  return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
}

test('what upstream takes is taken', (t) => {
  const full = {
    issuer: {
      url: 'https://login.example.com/realms/a',
      discoveryURL: 'https://10.0.0.1/.well-known/openid-configuration',
      certificateAuthorityFile: '/etc/ca.crt',
      audiences: ['a', 'b'],
      audienceMatchPolicy: 'MatchAny',
    },
    claimValidationRules: [
      { claim: 'hd', requiredValue: 'x' },
      { expression: 'true', message: 'm' },
    ],
    claimMappings: {
      username: { expression: 'claims.sub' },
      groups: { claim: 'groups', prefix: '' },
      uid: { claim: 'oid' },
      extra: [{ key: 'example.org/tenant', valueExpression: 'claims.t' }],
    },
    userValidationRules: [{ expression: 'true' }],
  };
  t.deepEqual(problems(GOOD, full), []);
  const [parsed] = oidcSchema.parse([GOOD]);
  t.deepEqual(
    oidcSchema.parse([parsed]),
    [parsed],
    'what was parsed is written to config.json and read again',
  );
});

const issuer = (more: object) => ({ ...GOOD, issuer: { ...GOOD.issuer, ...more } });
const mappings = (more: object) => ({ ...GOOD, claimMappings: { ...GOOD.claimMappings, ...more } });
const rules = (...claimValidationRules: object[]) => ({ ...GOOD, claimValidationRules });

const WRONG: readonly (readonly [object, string])[] = [
  [
    issuer({ url: 'http://a.test' }),
    '0.issuer.url: "http://a.test": must begin with https://: keys are fetched over TLS only',
  ],
  [issuer({ url: 'login' }), '0.issuer.url: "login": must be a URL, such as https://login.example.com'],
  [
    issuer({ url: 'https://u:p@a.test' }),
    '0.issuer.url: "https://u:p@a.test": must not contain a username or password',
  ],
  [issuer({ url: 'https://a.test?x=1' }), '0.issuer.url: "https://a.test?x=1": must not contain a query'],
  [issuer({ url: 'https://a.test#x' }), '0.issuer.url: "https://a.test#x": must not contain a fragment'],
  [
    issuer({ discoveryURL: 'https://login.example.com/' }),
    '0.issuer.discoveryURL: "https://login.example.com/": must be different from url; leave it out',
  ],
  [issuer({ audiences: [] }), '0.issuer.audiences: name one audience at least'],
  [
    issuer({ audiences: ['a', 'b'] }),
    '0.issuer.audienceMatchPolicy: "": must be "MatchAny" for multiple audiences',
  ],
  [
    issuer({ audiences: ['a', 'a'], audienceMatchPolicy: 'MatchAny' }),
    '0.issuer.audiences.1: "a": stands twice; take one out',
  ],
  [
    issuer({ certificateAuthority: 'x' }),
    '0.issuer.certificateAuthority: "<omitted>": must be PEM certificates; or name their file in certificateAuthorityFile',
  ],
  [
    issuer({ certificateAuthorityFile: 'ca.crt' }),
    '0.issuer.certificateAuthorityFile: must be an absolute path',
  ],
  [
    mappings({ username: { claim: 'sub' } }),
    '0.claimMappings.username.prefix: "": is required when claim is set; an empty string means no prefix',
  ],
  [
    mappings({ username: { claim: 'sub', expression: 'x' } }),
    `0.claimMappings.username: "sub": claim and expression can't both be set; leave one out`,
  ],
  [mappings({ username: {} }), '0.claimMappings.username: "": set claim or expression'],
  [
    mappings({ groups: { claim: 'g', prefix: 'system:' } }),
    '0.claimMappings.groups.prefix: "system:": names that begin with system: are reserved; take another prefix',
  ],
  [
    mappings({ uid: { claim: 'a', expression: 'b' } }),
    `0.claimMappings.uid: "a": claim and expression can't both be set; leave one out`,
  ],
  [
    mappings({ extra: [{ key: 'Tenant', valueExpression: 'x' }] }),
    '0.claimMappings.extra.0.key: "Tenant": must be lowercase, with a domain and a path, such as "example.org/tenant"',
  ],
  [
    mappings({ extra: [{ key: 'authentication.kubernetes.io/x', valueExpression: 'x' }] }),
    '0.claimMappings.extra.0.key: "authentication.kubernetes.io/x": k8s.io, kubernetes.io and their subdomains are reserved; take a domain of yours',
  ],
  [
    mappings({ extra: ['a', 'b'].map((valueExpression) => ({ key: 'a.b/c', valueExpression })) }),
    '0.claimMappings.extra.1.key: "a.b/c": stands twice; take one out',
  ],
  [rules({}), '0.claimValidationRules.0: "": set claim or expression'],
  [rules({ claim: 'a' }, { claim: 'a' }), '0.claimValidationRules.1.claim: "a": stands twice; take one out'],
  [
    rules({ claim: 'a', message: 'm' }),
    '0.claimValidationRules.0.message: "m": may not be specified when claim is set; leave it out',
  ],
  [
    rules({ expression: 'a', requiredValue: 'v' }),
    '0.claimValidationRules.0.requiredValue: "v": may not be specified when expression is set; leave it out',
  ],
];
for (const [entry, problem] of WRONG)
  test(`is refused: ${problem.slice(2, 70)}`, (t) => t.deepEqual(problems(entry), [problem]));

test('an issuer stands once, and is not the server itself', (t) => {
  t.deepEqual(problems(GOOD, GOOD), [
    '1.issuer.url: "https://login.example.com": stands twice; take one out',
  ]);
  const config = {
    stateDir: '/s',
    ports: {},
    vmm: { binary: '/v', mode: 'kvm' },
    authentication: { serviceAccountIssuer: GOOD.issuer.url, oidc: [GOOD] },
  };
  const error = t.throws(() => parseConfig(JSON.stringify(config)), { instanceOf: z.ZodError });
  t.like(error?.issues, [{ path: ['authentication', 'oidc', 0, 'issuer', 'url'] }]);
});
