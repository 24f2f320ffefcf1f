import type { User } from '../user.ts';
import { compileClaimsExpression, compileUserExpression, type Expression } from './expression.ts';
import { type OidcRefusal, OidcTokenError } from './oidc-token-error.ts';
import type { Claims } from './token-parts.ts';

/** The expressions of one issuer's configuration; their errors name the field, the expression and what is wrong. */
export class ConfiguredExpressions {
  readonly #path: string;
  readonly #ofClaims = new Map<string, Expression<Claims>>();

  /** @param path of the issuer's entry: `authentication.oidc.0` */
  constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error for what does not compile */
  claims(field: string, text: string, wanted?: 'bool'): Expression<Claims> {
    const expression = this.#compile(field, text, () => compileClaimsExpression(text, wanted));
    this.#ofClaims.set(field, expression);
    return expression;
  }

  /** @throws Error for what does not compile */
  user(field: string, text: string): Expression<User> {
    return this.#compile(field, text, () => compileUserExpression(text));
  }

  /**
   * A user named by an address must have shown that it is theirs.
   * @throws Error where the expression of `field` reads claims.email and none reads claims.email_verified
   */
  requireVerifiedEmail(field: string): void {
    const username = this.#ofClaims.get(field);
    if (username?.reads('email') !== true) return;
    if (this.#ofClaims.values().some((each) => each.reads('email_verified'))) return;
    throw this.#error(
      field,
      username.text,
      'reads claims.email: then it, an extra or a claimValidationRule must read claims.email_verified, such as claims.?email_verified.orValue(true) == true',
    );
  }

  #compile<T>(field: string, text: string, compile: () => Expression<T>): Expression<T> {
    try {
      return compile();
    } catch (error) {
      throw this.#error(field, text, error instanceof Error ? error.message : String(error));
    }
  }

  #error(field: string, text: string, detail: string): Error {
    return new Error(`configuration: ${this.#path}.${field}: ${JSON.stringify(text)}: ${detail}`);
  }
}

/** What an expression gives. @throws OidcTokenError that names what the expression was for */
export function evaluated<T>(
  expression: Expression<T>,
  value: T,
  { what, refusal }: { readonly what: string; readonly refusal: OidcRefusal },
): unknown {
  try {
    return expression.evaluate(value);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new OidcTokenError(refusal, `error evaluating ${what}: ${why}`, { cause });
  }
}
