import { ADMISSION_GROUP } from '../../../crds/meta/admission.ts';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ValidatingAdmissionPolicy } from '../../../crds/validatingadmissionpolicy/definition.ts';
import { serverWrite } from '../auth/rbac/server-write.ts';
import type { ServerContext } from '../http/context.ts';
import type { Resource } from '../http/resource.ts';
import { StatusError } from '../http/status-error.ts';
import { updateObject } from '../write/update.ts';
import { typeWarnings } from './check-types.ts';
import { BINDING_PREFIX } from './policy-index.ts';

const RETRY_MS = 1_000;
const READY_WAIT_MS = 500;

function isChecked({ metadata, status }: ValidatingAdmissionPolicy): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

/** @throws StatusError, StorageError */
async function check(context: ServerContext, resource: Resource, policy: ValidatingAdmissionPolicy) {
  const { name = '', generation = 0 } = policy.metadata;
  const expressionWarnings = typeWarnings(policy.spec ?? {}, context.catalog);
  const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings };
  const write = { ...serverWrite(context, resource, name), subresource: 'status' };
  try {
    await updateObject(write, (current): ApiObject => {
      // A newer one is checked by itself.
      if (current.metadata.generation !== generation) return current;
      const { status = {} } = current as ValidatingAdmissionPolicy;
      return { ...current, status: { ...status, observedGeneration: generation, typeChecking } };
    });
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error;
  }
}

/** @returns whether all is done */
async function checkAll(context: ServerContext, resource: Resource): Promise<boolean> {
  let isDone = true;
  const policies = [...context.cache.window(resource.prefix).objects(resource.prefix)];
  for (const { object } of policies) {
    const policy = object as ValidatingAdmissionPolicy;
    if (isChecked(policy)) continue;
    try {
      await check(context, resource, policy);
    } catch (error) {
      if (context.stopping.aborted) return true;
      const { name } = policy.metadata;
      context.logger.warn({ policy: name, reason: String(error) }, 'cannot write the type check of a policy');
      isDone = false;
    }
  }
  return isDone;
}

/**
 * Checks the types of each policy once for each generation, writes what came of it into its status, and compiles what
 * is bound, until the server stops. Every server does it: all come to the same, and an equal write is none.
 */
export async function runPolicyStatus(context: ServerContext): Promise<void> {
  const { cache, catalog, clock, stopping } = context;
  const resource = catalog.find(ADMISSION_GROUP, 'v1', 'validatingadmissionpolicies');
  if (resource === undefined) return;
  while (!stopping.aborted && !(await cache.whenReady(READY_WAIT_MS))) {
    // Asked again: etcd may come later.
  }
  const [window, bindings] = [cache.window(resource.prefix), cache.window(BINDING_PREFIX)];
  while (!stopping.aborted) {
    const seen = window.version + bindings.version;
    const isDone = await checkAll(context, resource);
    await context.policies.prepare();
    if (stopping.aborted || window.version + bindings.version !== seen) continue;
    const wake = new AbortController();
    const stops = [window, bindings].map((each) => each.onChange(() => wake.abort()));
    const any = AbortSignal.any([stopping, wake.signal]);
    await clock.sleep(isDone ? 2 ** 31 - 1 : RETRY_MS, any).catch(() => {});
    for (const stop of stops) stop();
  }
}
