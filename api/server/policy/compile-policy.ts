import type { Environment } from '@marcbachmann/cel-js';
import type { PolicySpec } from '../../../crds/validatingadmissionpolicy/definition.ts';
import { compileExpression, type Expression } from './compile-expression.ts';
import { type ObjectTypes, policyEnvironment, type Scope, scoped } from './environment.ts';
import { Variables } from './variables.ts';

/** An expression at its place in a policy. */
export interface PlacedExpression {
  /** For example `spec.validations[0].expression`. */
  readonly field: string;
  readonly expression: Expression;
}

export interface CompiledValidation {
  readonly expression: Expression;
  readonly messageExpression: Expression | undefined;
  readonly message: string;
  readonly reason: string;
}

/** A policy that writes can be asked about. */
export interface CompiledPolicy {
  readonly matchConditions: readonly Expression[];
  readonly variables: ReadonlyMap<string, Expression>;
  readonly validations: readonly CompiledValidation[];
  readonly auditAnnotations: readonly { readonly key: string; readonly expression: Expression }[];
  /** Every expression, in the order of the fields; some may not compile. */
  readonly all: readonly PlacedExpression[];
}

const TYPE_OF_VARIABLES = 'kubernetes.variables';

/** Compiles the expressions of one policy: variables see those before them, everything after sees all. */
class PolicyCompiler {
  readonly #scope: Scope;
  readonly #types: ObjectTypes | undefined;
  readonly #base: Environment;
  readonly #environments = new Map<boolean, Environment>();
  readonly #variables = new Map<string, Expression>();
  readonly all: PlacedExpression[] = [];

  constructor(spec: PolicySpec, base: Environment, types: ObjectTypes | undefined) {
    this.#base = base;
    this.#types = types;
    this.#scope = { hasParams: spec.paramKind !== undefined, hasAuthorizer: true };
  }

  get variables(): ReadonlyMap<string, Expression> {
    return this.#variables;
  }

  /** An expression that may use the variables so far. */
  compile(field: string, text: string, wanted: readonly string[], hasAuthorizer = true): Expression {
    return this.#keep(field, compileExpression(this.#environment(hasAuthorizer), text, wanted));
  }

  /** An expression that no variable is known to. */
  compileAlone(field: string, text: string, wanted: readonly string[]): Expression {
    const environment = scoped(this.#base, this.#scope, this.#types);
    return this.#keep(field, compileExpression(environment, text, wanted));
  }

  addVariable(field: string, name: string, text: string): void {
    this.#variables.set(name, this.compile(field, text, []));
    this.#environments.clear();
  }

  #keep(field: string, expression: Expression): Expression {
    this.all.push({ field, expression });
    return expression;
  }

  #environment(hasAuthorizer: boolean): Environment {
    const known = this.#environments.get(hasAuthorizer);
    if (known !== undefined) return known;
    const environment = scoped(this.#base, { ...this.#scope, hasAuthorizer }, this.#types);
    const fields = Object.fromEntries([...this.#variables].map(([name, { type }]) => [name, type]));
    environment
      .registerType(TYPE_OF_VARIABLES, { ctor: Variables, fields })
      .registerVariable('variables', TYPE_OF_VARIABLES);
    this.#environments.set(hasAuthorizer, environment);
    return environment;
  }
}

/**
 * Compiles a policy. What does not compile fails when it is evaluated; `all` tells of it.
 * @param base the language, and the types of what is looked at where they are known
 */
export function compilePolicy(
  spec: PolicySpec,
  base: Environment = policyEnvironment().environment,
  types?: ObjectTypes,
): CompiledPolicy {
  const compiler = new PolicyCompiler(spec, base, types);
  const matchConditions = (spec.matchConditions ?? []).map(({ expression }, index) =>
    compiler.compileAlone(`spec.matchConditions[${index}].expression`, expression, ['bool']),
  );
  for (const [index, { name, expression }] of (spec.variables ?? []).entries())
    compiler.addVariable(`spec.variables[${index}].expression`, name, expression);
  const validations = (spec.validations ?? []).map((validation, index) => {
    const { expression, messageExpression = '', message = '', reason = 'Invalid' } = validation;
    const at = `spec.validations[${index}]`;
    return {
      expression: compiler.compile(`${at}.expression`, expression, ['bool']),
      messageExpression:
        messageExpression.trim() === ''
          ? undefined
          : compiler.compile(`${at}.messageExpression`, messageExpression, ['string'], false),
      message,
      reason,
    };
  });
  const auditAnnotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }, index) => ({
    key,
    expression: compiler.compile(`spec.auditAnnotations[${index}].valueExpression`, valueExpression.trim(), [
      'string',
      'null',
    ]),
  }));
  return {
    matchConditions,
    variables: compiler.variables,
    validations,
    auditAnnotations,
    all: compiler.all,
  };
}
