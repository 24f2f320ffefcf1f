import { z } from 'zod';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { badRequest } from '../http/errors.ts';
import { invalidDeleteOptions, type OptionProblem, unsupportedOption } from '../read/options-error.ts';

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/** What becomes of the dependents of a deleted object. */
export type PropagationPolicy = (typeof POLICIES)[number];

const schema = z.looseObject({
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
  propagationPolicy: z.string().nullish(),
  orphanDependents: z.boolean().nullish(),
  gracePeriodSeconds: z.int().nullish(),
  dryRun: z.array(z.string()).nullish(),
});

/** metav1.DeleteOptions, as far as they have a meaning here: nothing served ends gracefully over time. */
export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** What the client asked for; undefined leaves it to the finalizers that the object has. */
  readonly propagationPolicy: PropagationPolicy | undefined;
  /** The deprecated form of `propagationPolicy`. */
  readonly orphanDependents: boolean | undefined;
  readonly dryRun: boolean;
}

function fromQuery(query: URLSearchParams): JsonRecord {
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const policy = query.get('propagationPolicy');
  const orphan = query.get('orphanDependents');
  const grace = query.get('gracePeriodSeconds');
  return {
    ...(dryRun.length > 0 && { dryRun }),
    ...(policy && { propagationPolicy: policy }),
    ...(orphan && { orphanDependents: orphan !== '0' && orphan.toLowerCase() !== 'false' }),
    ...(grace && { gracePeriodSeconds: Number(grace) }),
  };
}

function isPolicy(value: string): value is PropagationPolicy {
  return POLICIES.some((policy) => policy === value);
}

/** Source: ValidateDeleteOptions in k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go */
function check({ propagationPolicy, orphanDependents, dryRun }: z.infer<typeof schema>): void {
  const problems: OptionProblem[] = [];
  const policy = propagationPolicy ?? undefined;
  if (policy !== undefined && typeof orphanDependents === 'boolean') {
    problems.push({
      reason: 'FieldValueInvalid',
      field: 'propagationPolicy',
      value: policy,
      detail: 'orphanDependents and deletionPropagation cannot be both set',
    });
  }
  if (policy !== undefined && !isPolicy(policy)) {
    problems.push(unsupportedOption('propagationPolicy', policy, [...POLICIES, 'nil']));
  }
  for (const value of dryRun ?? []) {
    if (value !== 'All') problems.push(unsupportedOption('dryRun', value, ['All']));
  }
  if (problems.length > 0) throw invalidDeleteOptions(problems);
}

/**
 * Reads DeleteOptions from the body, or from the query where there is none.
 * @throws StatusError 400 for what is of the wrong type, 422 for a value that Kubernetes does not know
 */
export function parseDeleteOptions(body: JsonRecord | undefined, query: URLSearchParams): DeleteOptions {
  const parsed = schema.safeParse({ ...fromQuery(query), ...body });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`DeleteOptions: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  check(parsed.data);
  const { preconditions, propagationPolicy, orphanDependents, dryRun } = parsed.data;
  return {
    uid: preconditions?.uid ?? undefined,
    resourceVersion: preconditions?.resourceVersion ?? undefined,
    propagationPolicy: propagationPolicy && isPolicy(propagationPolicy) ? propagationPolicy : undefined,
    orphanDependents: orphanDependents ?? undefined,
    dryRun: (dryRun ?? []).length > 0,
  };
}
