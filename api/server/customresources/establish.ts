import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import { type Guard, guaranteedUpdate } from '../../storage/guaranteed-update.ts';
import { listPage } from '../../storage/list-page.ts';
import { encodeObject } from '../../storage/stored-object.ts';
import type { ServerContext } from '../http/context.ts';
import { timestamp } from '../write/write-request.ts';
import { acceptedStatus } from './accept-names.ts';
import { CRD_PREFIX, crdKey } from './crd-object.ts';
import { withServerStatus } from './status-fields.ts';

function namesOf({ spec, status }: CustomResourceDefinition): string[] {
  return [spec.names, status?.acceptedNames ?? {}].flatMap((names) =>
    [names.plural, names.singular, names.kind, names.listKind, ...(names.shortNames ?? [])].filter(
      (name) => name !== undefined && name !== '',
    ),
  ) as string[];
}

/**
 * Gives a definition its names and writes its conditions. Definitions that want the same names are part of the
 * transaction: of two servers that decide at the same time, one decides again.
 * @throws StorageError
 */
export async function establish(context: ServerContext, name: string): Promise<void> {
  const { kv, cache, clock } = context;
  const key = crdKey(name);
  await guaranteedUpdate({
    kv,
    key,
    cached: cache.get(key),
    plan: async (current) => {
      if (current === undefined) return { action: 'none' };
      const crd = current.object as CustomResourceDefinition;
      const page = await listPage({ kv, prefix: CRD_PREFIX });
      const others = page.items.filter(({ key: other, object }) => {
        return other !== key && (object as CustomResourceDefinition).spec.group === crd.spec.group;
      });
      const status = acceptedStatus(
        crd,
        others.map(({ object }) => object as CustomResourceDefinition),
        timestamp(clock.nowMs()),
      );
      if (status === undefined) return { action: 'none' };
      const wanted = new Set(namesOf(crd));
      const guards = others
        .filter(({ object }) => namesOf(object as CustomResourceDefinition).some((one) => wanted.has(one)))
        .map(
          (other): Guard => ({ key: other.key, modRevision: other.modRevision, onMismatch: () => undefined }),
        );
      return { action: 'put', value: encodeObject(withServerStatus(context, crd, status)), guards };
    },
  });
}
