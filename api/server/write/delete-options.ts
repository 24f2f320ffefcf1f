import { z } from 'zod';
import type { JsonRecord } from '../../../crds/generate/json-record.ts';
import { badRequest } from '../http/errors.ts';

const schema = z.looseObject({
  preconditions: z
    .looseObject({ uid: z.string().nullish(), resourceVersion: z.string().nullish() })
    .nullish(),
  propagationPolicy: z.literal(['Background', 'Foreground', 'Orphan']).nullish(),
  dryRun: z.array(z.literal('All')).nullish(),
});

/** metav1.DeleteOptions, as far as they have a meaning here. */
export interface DeleteOptions {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
  readonly warnings: readonly string[];
}

/**
 * Reads DeleteOptions from the body, or from the query where there is none.
 * @throws StatusError 400 for a value that Kubernetes does not know
 */
export function parseDeleteOptions(body: JsonRecord | undefined, query: URLSearchParams): DeleteOptions {
  const dryRun = query.getAll('dryRun');
  const policy = query.get('propagationPolicy');
  const fromQuery = { ...(dryRun.length > 0 && { dryRun }), ...(policy && { propagationPolicy: policy }) };
  const parsed = schema.safeParse({ ...fromQuery, ...body });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badRequest(`DeleteOptions: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { preconditions, propagationPolicy } = parsed.data;
  const isOther = propagationPolicy === 'Foreground' || propagationPolicy === 'Orphan';
  return {
    uid: preconditions?.uid ?? undefined,
    resourceVersion: preconditions?.resourceVersion ?? undefined,
    dryRun: (parsed.data.dryRun ?? []).length > 0,
    warnings: isOther ? [`propagationPolicy ${propagationPolicy} is treated as Background`] : [],
  };
}
