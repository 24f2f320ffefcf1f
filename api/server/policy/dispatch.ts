import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { qualifiedResource } from '../http/errors.ts';
import { StatusError } from '../http/status-error.ts';
import { type Activation, type Evaluation, evaluatePolicy, type Failure } from './evaluate.ts';
import { matchedVersion } from './match.ts';
import { collectParams, type ParamSource, PolicySetupError } from './params.ts';
import type { Binding, BoundPolicy } from './policy-index.ts';
import type { PolicyWrite } from './policy-write.ts';

/** Where it is told what policies say without refusing. */
export interface PolicyReport {
  /** Adds a `Warning` header. */
  readonly warn: (text: string) => void;
  /** Adds an annotation to the audit's events. */
  readonly annotate: (key: string, value: string) => void;
}

/** Source: publishValidationFailureAnnotation in k8s.io/apiserver/pkg/admission/plugin/policy/validating */
const FAILURE_ANNOTATION = 'validation.policy.admission.k8s.io/validation_failure';
const ANNOTATION_LENGTH_MAX = 10 * 1024;

const CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
};

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string;
}

/** The refusal, in upstream's words. Source: Dispatch in the same */
function denied(write: PolicyWrite, { policy, binding, message, reason }: Denial): StatusError {
  const by = binding === undefined ? '' : ` with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const { group, plural, name } = write;
  return new StatusError({
    code: CODES[reason] ?? 422,
    reason,
    message: `${qualifiedResource(write)} ${JSON.stringify(name)} is forbidden: ${text}`,
    details: {
      ...(name === '' ? {} : { name }),
      ...(group === '' ? {} : { group }),
      kind: plural,
      causes: [{ message: text }],
    },
  });
}

export interface Dispatch {
  readonly source: ParamSource;
  readonly write: PolicyWrite;
  readonly report: PolicyReport;
  /** What the expressions look at. */
  readonly activation: (version: string, params: JsonRecord | null) => Activation;
}

/** One write on its way past all policies. */
class Passage {
  readonly #dispatch: Dispatch;
  readonly denials: Denial[] = [];
  readonly #auditedFailures: JsonRecord[] = [];

  constructor(dispatch: Dispatch) {
    this.#dispatch = dispatch;
  }

  ask(policy: BoundPolicy): void {
    const { write } = this.#dispatch;
    const version = matchedVersion(policy.spec.matchConstraints ?? {}, write);
    if (version === undefined) return;
    const annotations = new Map<string, Set<string>>();
    for (const binding of policy.bindings) {
      const { matchResources } = binding.spec;
      if (matchResources !== undefined && matchedVersion(matchResources, write) === undefined) continue;
      this.#askBound(policy, binding, version, annotations);
    }
    for (const [key, values] of annotations)
      this.#dispatch.report.annotate(`${policy.name}/${key}`, [...values].join(', '));
  }

  #askBound(
    policy: BoundPolicy,
    binding: Binding,
    version: string,
    annotations: Map<string, Set<string>>,
  ): void {
    const { source, write, activation } = this.#dispatch;
    const isIgnored = policy.spec.failurePolicy === 'Ignore';
    try {
      const { paramKind } = policy.spec;
      for (const params of collectParams(source, paramKind, binding.spec.paramRef, write.namespace)) {
        const evaluation = evaluatePolicy(policy.compiled(), activation(version, params), isIgnored);
        this.#judge(policy, binding, evaluation);
        for (const { key, value } of evaluation.annotations) {
          const values = annotations.get(key) ?? new Set();
          annotations.set(key, values.add(value.slice(0, ANNOTATION_LENGTH_MAX)));
        }
      }
    } catch (error) {
      if (!(error instanceof PolicySetupError)) throw error;
      const message = `failed to configure binding: ${error.message}`;
      if (!isIgnored)
        this.denials.push({ policy: policy.name, binding: binding.name, message, reason: 'Invalid' });
    }
  }

  #judge(policy: BoundPolicy, binding: Binding, { failures, annotationErrors }: Evaluation): void {
    for (const failure of failures) this.#act(policy, binding, failure);
    for (const message of annotationErrors)
      this.denials.push({ policy: policy.name, binding: binding.name, message, reason: 'Invalid' });
  }

  #act(policy: BoundPolicy, binding: Binding, { index, message, reason }: Failure): void {
    const { report } = this.#dispatch;
    const { validationActions = [] } = binding.spec;
    const by = `ValidatingAdmissionPolicy '${policy.name}' with binding '${binding.name}'`;
    if (validationActions.includes('Deny'))
      this.denials.push({ policy: policy.name, binding: binding.name, message, reason });
    if (validationActions.includes('Warn')) report.warn(`Validation failed for ${by}: ${message}`);
    if (!validationActions.includes('Audit')) return;
    this.#auditedFailures.push({
      message,
      policy: policy.name,
      binding: binding.name,
      expressionIndex: index,
      validationActions,
    });
    report.annotate(FAILURE_ANNOTATION, JSON.stringify(this.#auditedFailures));
  }
}

/**
 * Asks every policy in force about a write. All are asked, so that all warn and tell the audit; the first that denies
 * is told.
 * @throws StatusError where one denies: 422, or as its reason says
 */
export function dispatchPolicies(policies: readonly BoundPolicy[], dispatch: Dispatch): void {
  const passage = new Passage(dispatch);
  for (const policy of policies) passage.ask(policy);
  const [first] = passage.denials;
  if (first !== undefined) throw denied(dispatch.write, first);
}
