import { summaryOf } from '../cel/issue.ts';
import type { Account, Expression } from './compile-expression.ts';

type Outcome = { readonly value: unknown } | { readonly error: Error };

/** What expressions know as `variables`: each is evaluated when it is first asked for, and then known. */
export class Variables extends Map<string, unknown> {
  readonly #expressions: ReadonlyMap<string, Expression>;
  readonly #activation: Record<string, unknown>;
  readonly #account: Account;
  readonly #outcomes = new Map<string, Outcome>();

  /** @param activation what the expressions look at, this included */
  constructor(
    expressions: ReadonlyMap<string, Expression>,
    activation: Record<string, unknown>,
    account: Account,
  ) {
    super();
    this.#expressions = expressions;
    this.#activation = activation;
    this.#account = account;
  }

  /** @throws Error for a variable that cannot be evaluated */
  override get(name: string): unknown {
    const expression = this.#expressions.get(name);
    if (expression === undefined) return undefined;
    const outcome = this.#outcomes.get(name) ?? this.#evaluate(name, expression);
    this.#outcomes.set(name, outcome);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  #evaluate(name: string, expression: Expression): Outcome {
    try {
      return { value: expression.evaluate(this.#activation, this.#account) };
    } catch (error) {
      const why = `composited variable ${JSON.stringify(name)} fails to evaluate: ${summaryOf(error)}`;
      return { error: new Error(why) };
    }
  }
}
