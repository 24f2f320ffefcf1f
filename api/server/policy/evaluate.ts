import { OBJECT_COST_MAX } from '../cel/cost.ts';
import { summaryOf } from '../cel/issue.ts';
import type { Account, Expression } from './compile-expression.ts';
import type { CompiledPolicy, CompiledValidation } from './compile-policy.ts';
import { Variables } from './variables.ts';

/** Most that all match conditions may cost. Source: RuntimeCELCostBudgetMatchConditions in apiserver/pkg/apis/cel */
const CONDITIONS_COST_MAX = 2_500_000;
/** Source: MaxEvaluatedMessageExpressionSizeBytes in the same */
const MESSAGE_BYTES_MAX = 5 * 1024;

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';

/** What expressions look at, but for the variables. */
export interface Activation extends Record<string, unknown> {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
  readonly params: unknown;
  readonly namespaceObject: unknown;
  readonly authorizer: unknown;
}

/** Why a write does not pass. */
export interface Failure {
  /** Which of the validations; 0 for what is of none. */
  readonly index: number;
  readonly message: string;
  /** metav1.StatusReason. */
  readonly reason: string;
}

export interface Evaluation {
  readonly failures: readonly Failure[];
  readonly annotations: readonly { readonly key: string; readonly value: string }[];
  /** Audit annotations that could not be evaluated: these are denied whatever the binding's actions. */
  readonly annotationErrors: readonly string[];
}

const NOTHING: Evaluation = { failures: [], annotations: [], annotationErrors: [] };

type Outcome = { readonly value: unknown } | { readonly error: string };

/** The evaluations of one policy for one write: each costs, and there is an end. */
class Run {
  readonly #activation: Record<string, unknown>;
  readonly #account: Account = { spent: 0 };
  readonly #costMax: number;

  constructor(activation: Record<string, unknown>, costMax: number, variables?: CompiledPolicy['variables']) {
    this.#costMax = costMax;
    this.#activation = Object.create(activation);
    if (variables !== undefined)
      this.#activation.variables = new Variables(variables, this.#activation, this.#account);
  }

  get isOutOfBudget(): boolean {
    return this.#account.spent > this.#costMax;
  }

  ask(expression: Expression): Outcome {
    try {
      return { value: expression.evaluate(this.#activation, this.#account) };
    } catch (error) {
      return { error: `expression '${expression.text}' resulted in error: ${summaryOf(error)}` };
    }
  }
}

/** @returns whether the policy is about the write, or why that cannot be told */
function conditionsHold(policy: CompiledPolicy, activation: Activation): boolean | { error: string } {
  if (policy.matchConditions.length === 0) return true;
  const run = new Run(Object.create(activation, { namespaceObject: { value: null } }), CONDITIONS_COST_MAX);
  const errors: string[] = [];
  for (const condition of policy.matchConditions) {
    const outcome = run.ask(condition);
    if (run.isOutOfBudget) return { error: OUT_OF_BUDGET };
    if ('error' in outcome) errors.push(outcome.error);
    else if (outcome.value !== true) return false;
  }
  if (errors.length === 0) return true;
  return { error: errors.length === 1 ? errors.join('') : `[${errors.join(', ')}]` };
}

/** The message of a validation that did not hold. */
function messageOf(run: Run, { messageExpression, message, expression }: CompiledValidation): string {
  const outcome = messageExpression === undefined ? undefined : run.ask(messageExpression);
  if (outcome !== undefined && 'value' in outcome && typeof outcome.value === 'string') {
    const text = outcome.value.trim();
    if (text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= MESSAGE_BYTES_MAX) return text;
  }
  return message.trim() || `failed expression: ${expression.text.trim()}`;
}

function validationFailures(policy: CompiledPolicy, run: Run, isIgnored: boolean): Failure[] {
  const failures: Failure[] = [];
  const fail = (index: number, message: string) => {
    if (!isIgnored) failures.push({ index, message, reason: 'Invalid' });
  };
  for (const [index, validation] of policy.validations.entries()) {
    const outcome = run.ask(validation.expression);
    const isFalse = 'value' in outcome && outcome.value !== true;
    const message = isFalse && !run.isOutOfBudget ? messageOf(run, validation) : '';
    if (run.isOutOfBudget) return isIgnored ? [] : [{ index: 0, message: OUT_OF_BUDGET, reason: 'Invalid' }];
    if ('error' in outcome) fail(index, outcome.error);
    else if (isFalse) failures.push({ index, message, reason: validation.reason });
  }
  return failures;
}

/** Source: Validate in k8s.io/apiserver/pkg/admission/plugin/policy/validating/validator.go */
function annotate(policy: CompiledPolicy, run: Run): Pick<Evaluation, 'annotations' | 'annotationErrors'> {
  const annotations: { key: string; value: string }[] = [];
  const annotationErrors: string[] = [];
  for (const { key, expression } of policy.auditAnnotations) {
    const outcome = run.ask(expression);
    if (run.isOutOfBudget) return { annotations, annotationErrors: [OUT_OF_BUDGET] };
    if ('error' in outcome) annotationErrors.push(outcome.error);
    else if (typeof outcome.value === 'string') {
      const value = outcome.value.trim();
      if (value !== '') annotations.push({ key, value });
    } else if (outcome.value !== null)
      annotationErrors.push(
        `valueExpression '${expression.text}' resulted in unsupported return type. Return type must be either string or null.`,
      );
  }
  return { annotations, annotationErrors };
}

/**
 * Asks a policy about a write.
 * @param isIgnored what fails to evaluate counts for nothing (`failurePolicy: Ignore`)
 */
export function evaluatePolicy(
  policy: CompiledPolicy,
  activation: Activation,
  isIgnored: boolean,
): Evaluation {
  const holds = conditionsHold(policy, activation);
  if (holds === false) return NOTHING;
  if (holds !== true) {
    const failure = { index: 0, message: holds.error, reason: 'Invalid' };
    return isIgnored ? NOTHING : { ...NOTHING, failures: [failure] };
  }
  const run = new Run(activation, OBJECT_COST_MAX, policy.variables);
  const failures = validationFailures(policy, run, isIgnored);
  if (policy.auditAnnotations.length === 0) return { ...NOTHING, failures };
  const found = annotate(policy, new Run(activation, OBJECT_COST_MAX, policy.variables));
  return { failures, ...found, annotationErrors: isIgnored ? [] : found.annotationErrors };
}
