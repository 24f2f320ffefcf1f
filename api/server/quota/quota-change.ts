import { isDeepStrictEqual } from 'node:util';
import type { ApiObject } from '../../../crds/meta/meta.ts';
import type { ResourceInfo } from '../../../crds/meta/resource-definition.ts';
import { type ResourceQuota, resourceQuotaDefinition } from '../../../crds/resourcequota/definition.ts';
import type { WritePlan } from '../../storage/guaranteed-update.ts';
import { NamespaceGuard } from '../write/namespace-guard.ts';
import type { WriteRequest } from '../write/write-request.ts';
import type { WriteQuotas } from './write-quotas.ts';

export function isQuotaKind({ group, plural, builtIn }: ResourceInfo): boolean {
  return builtIn && group === resourceQuotaDefinition.group && plural === resourceQuotaDefinition.plural;
}

/** What a quota no longer limits is no longer charged: its usage is forgotten, lest it be believed later. */
export function forgetUnlimited(definition: ResourceInfo, object: ApiObject): void {
  if (!isQuotaKind(definition)) return;
  const { spec, status } = object as ResourceQuota;
  if (status?.used === undefined) return;
  const hard = spec?.hard ?? {};
  status.used = Object.fromEntries(Object.entries(status.used).filter(([name]) => Object.hasOwn(hard, name)));
}

/** What quotas have to do with the change of an object: it takes more, or it is a quota itself. */
export class QuotaChange {
  readonly #request: WriteRequest;
  readonly #quotas: WriteQuotas;
  #namespace: NamespaceGuard | undefined;

  constructor(request: WriteRequest, quotas: WriteQuotas) {
    this.#request = request;
    this.#quotas = quotas;
  }

  /**
   * The plan with what it is charged, and with the namespace written again where other writes must look anew.
   * @throws StatusError 403 where a quota is exceeded, 429 and 503 where to try again helps
   */
  async onto(plan: WritePlan, before: ApiObject, after: ApiObject): Promise<WritePlan> {
    if (plan.action !== 'put') return plan;
    const { definition } = this.#request.resource;
    if (isQuotaKind(definition)) {
      if (isDeepStrictEqual(before.spec, after.spec)) return plan;
      const namespace = this.#namespaceGuard();
      const guard = await namespace.guardUnchecked();
      return { ...plan, guards: [guard], also: namespace.touch() };
    }
    if (!this.#quotas.raises(before, after)) return plan;
    const guard = await this.#namespaceGuard().guardUnchecked();
    const { guards, also } = await this.#quotas.planUpdate(before, after, guard.modRevision);
    return { ...plan, guards: [guard, ...guards], also };
  }

  #namespaceGuard(): NamespaceGuard {
    const { context, resource, namespace = '', name } = this.#request;
    this.#namespace ??= new NamespaceGuard(context, resource, namespace, name);
    return this.#namespace;
  }
}
