import type { JwtAuthenticatorConfig } from '../../../../lib/oidc/oidc-config.ts';
import type { User } from '../user.ts';
import { compileMappings } from './claim-mappings.ts';
import { ConfiguredExpressions } from './configured-expressions.ts';
import type { Claims } from './token-parts.ts';
import { checkNames, compileClaimRules, compileUserRules } from './validation-rules.ts';

/** Makes a user of a token's claims. @throws OidcTokenError for claims that the configuration does not take */
export type ClaimMapper = (claims: Claims) => User;

const AUTHENTICATED = 'system:authenticated';

/**
 * Prepares mappings and rules.
 * @param path of the entry in the configuration: `authentication.oidc.0`
 * @throws Error naming the field, the expression and what is wrong with it
 */
export function compileClaimMapper(config: JwtAuthenticatorConfig, path: string): ClaimMapper {
  const expressions = new ConfiguredExpressions(path);
  const mapped = compileMappings(config.claimMappings, expressions);
  const checkClaims = compileClaimRules(config.claimValidationRules, expressions);
  const checkUser = compileUserRules(config.userValidationRules, expressions);
  expressions.requireVerifiedEmail('claimMappings.username.expression');
  return (claims) => {
    const user = mapped(claims);
    checkNames(user);
    checkClaims(claims);
    checkUser(user);
    return { ...user, groups: [...user.groups, AUTHENTICATED] };
  };
}
