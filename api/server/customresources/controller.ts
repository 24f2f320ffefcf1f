import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import type { ServerContext } from '../http/context.ts';
import { acceptedStatus } from './accept-names.ts';
import { CRD_PREFIX } from './crd-object.ts';
import { establish } from './establish.ts';
import { finalize } from './finalize.ts';
import type { LiveCatalog } from './live-catalog.ts';

const RETRY_MS = 1_000;
const READY_WAIT_MS = 500;

/** Whether a definition's status should be another, as far as memory tells; what is written is judged by etcd. */
function needsVerdict(crd: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): boolean {
  const others = all.filter((other) => other !== crd && other.spec.group === crd.spec.group);
  return acceptedStatus(crd, others, '') !== undefined;
}

/** One look at every definition. @returns milliseconds after which to look again without a change */
async function lookAtAll(context: ServerContext): Promise<number | undefined> {
  let againMs: number | undefined;
  const window = context.cache.window(CRD_PREFIX);
  const all = [...window.objects(CRD_PREFIX)].map(({ object }) => object as CustomResourceDefinition);
  for (const crd of all) {
    const { name = '', deletionTimestamp } = crd.metadata;
    try {
      if (deletionTimestamp !== undefined) againMs = (await finalize(context, crd)) ?? againMs;
      else if (needsVerdict(crd, all)) await establish(context, name);
    } catch (error) {
      if (context.stopping.aborted) return undefined;
      context.logger.warn({ crd: name, reason: String(error) }, 'cannot look after a definition yet');
      againMs = RETRY_MS;
    }
  }
  return againMs;
}

/**
 * Looks after CustomResourceDefinitions: gives names, writes conditions, empties deleted kinds, and keeps the catalog
 * in step. Every server does it; each write is a compare-and-swap of what it read. Resolves when the server stops.
 */
export async function runCustomResources(context: ServerContext, catalog: LiveCatalog): Promise<void> {
  const { cache, clock, stopping } = context;
  while (!stopping.aborted && !(await cache.whenReady(READY_WAIT_MS))) {
    // Asked again: etcd may come later.
  }
  let seen = -1;
  while (!stopping.aborted) {
    const window = cache.window(CRD_PREFIX);
    catalog.refresh();
    seen = window.version;
    const againMs = await lookAtAll(context);
    catalog.refresh();
    if (stopping.aborted || window.version !== seen) continue;
    const wake = new AbortController();
    const stopWaiting = window.onChange(() => {
      catalog.refresh();
      wake.abort();
    });
    const any = AbortSignal.any([stopping, wake.signal]);
    await clock.sleep(againMs ?? 2 ** 31 - 1, any).catch(() => {});
    stopWaiting();
  }
}
