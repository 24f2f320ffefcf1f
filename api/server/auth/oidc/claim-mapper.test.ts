import test from 'ava';
import { jwtAuthenticatorSchema } from '../../../../lib/oidc/oidc-config.ts';
import { compileClaimMapper } from './claim-mapper.ts';

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
