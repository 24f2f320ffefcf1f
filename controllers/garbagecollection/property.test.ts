import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import { waitUntil } from '../../api/testing/wait-until.ts';
import type { ApiObject, OwnerReference, Stored } from '../../crds/meta/meta.ts';
import type { ResourceAddress } from '../../crds/meta/resource-definition.ts';
import { ownerReferenceTo } from '../runtime/index.ts';
import { CONFIG_MAPS, CollectorBed, customKind, type Policy } from './testing/collector-bed.ts';
import { afterDeletion, type Model, settled } from './testing/deletion-model.ts';

const OBJECTS = 7;

/** No object has this number. */
const NOBODY = -1;

let bed: CollectorBed;
let kinds: readonly ResourceAddress[];

test.before(async () => {
  bed = await CollectorBed.start();
  kinds = [
    CONFIG_MAPS,
    await bed.define(customKind('widgets', 'Widget')),
    await bed.define(customKind('zones', 'Zone', false)),
  ];
});

test.after.always(async () => bed?.dispose());

interface Reference {
  readonly owner: number;
  readonly isBlocking: boolean;
}

interface Plan {
  readonly objects: readonly { readonly kind: number; readonly references: readonly Reference[] }[];
  readonly deletions: readonly { readonly id: number; readonly policy: Policy }[];
}

const references = fc.uniqueArray(
  fc.record({
    owner: fc.oneof(
      { weight: 12, arbitrary: fc.nat(OBJECTS - 1) },
      { weight: 1, arbitrary: fc.constant(NOBODY) },
    ),
    isBlocking: fc.boolean(),
  }),
  { maxLength: 3, selector: ({ owner }) => owner },
);

/** Any graph, circles too, but for owners in a namespace of objects in none. */
const plans: fc.Arbitrary<Plan> = fc.record({
  objects: fc
    .array(fc.record({ kind: fc.nat(2), references }), { minLength: OBJECTS, maxLength: OBJECTS })
    .map((objects) =>
      objects.map(({ kind, references: all }) => ({
        kind,
        references: all.filter(({ owner }) => kind !== 2 || owner === NOBODY || objects[owner]?.kind === 2),
      })),
    ),
  deletions: fc.array(
    fc.record({
      id: fc.nat(OBJECTS - 1),
      policy: fc.constantFrom<Policy[]>('Background', 'Foreground', 'Orphan'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

/** The objects of one run, by number. */
interface Made {
  readonly kind: ResourceAddress;
  readonly object: Stored<ApiObject>;
}

async function make(namespace: string, { objects }: Plan): Promise<Made[]> {
  const made = await Promise.all(
    objects.map(async (planned, id) => {
      const kind = kinds[planned.kind] ?? CONFIG_MAPS;
      const name = `${namespace}-${id}`;
      return { kind, object: await bed.make(kind, kind.namespaced ? { namespace, name } : { name }) };
    }),
  );
  const referenceTo = ({ owner, isBlocking }: Reference): OwnerReference => {
    const named = made[owner]?.object;
    const options = { controller: false, blockOwnerDeletion: isBlocking };
    if (named !== undefined) return ownerReferenceTo(named, options);
    return { apiVersion: 'gc.example.com/v1', kind: 'Zone', name: 'nobody', uid: `nobody-${namespace}` };
  };
  await Promise.all(
    made.map(async ({ kind, object }, id) => {
      const ownerReferences = objects[id]?.references.map(referenceTo) ?? [];
      const { namespace: home, name } = object.metadata;
      await bed.client.patch(kind, { namespace: home, name }, { metadata: { ownerReferences } });
    }),
  );
  return made;
}

async function observe(made: readonly Made[]): Promise<Model> {
  const idOf = (uid: string) => made.findIndex(({ object }) => object.metadata.uid === uid);
  const found = await Promise.all(made.map(({ kind, object }) => bed.find(kind, object)));
  return new Map(
    found.flatMap((object, id) => {
      if (object === undefined) return [];
      const owners = (object.metadata.ownerReferences ?? []).map(({ uid }) => idOf(uid));
      return [[id, { owners: new Set(owners.sort()) }] as const];
    }),
  );
}

/** In an order of its own, so that models compare. */
function plain(model: Model): unknown {
  return [...model].sort(([a], [b]) => a - b).map(([id, { owners }]) => [id, [...owners].sort()]);
}

/** Becomes as expected, and stays so when the collector has nothing more to do. */
async function check(made: readonly Made[], expected: Model): Promise<void> {
  let seen: unknown;
  await waitUntil('the collector to have done', async () => {
    seen = plain(await observe(made));
    return isDeepStrictEqual(seen, plain(expected));
  }).catch((cause: unknown) => {
    const text = `expected ${JSON.stringify(plain(expected))}, got ${JSON.stringify(seen)}`;
    throw new Error(text, { cause });
  });
}

test('whatever owns whatever, and however it is deleted, what is left is what the model says', async (t) => {
  t.timeout(180_000);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      run += 1;
      const namespace = `run-${run}`;
      await bed.makeNamespace(namespace);
      const made = await make(namespace, plan);
      const idsOf = plan.objects.map(({ references: all }) => new Set(all.map(({ owner }) => owner)));
      let model: Model = settled(new Map(idsOf.map((owners, id) => [id, { owners }])));
      await check(made, model);
      for (const { id, policy } of plan.deletions) {
        const target = made[id];
        if (target === undefined || !model.has(id)) continue;
        model = afterDeletion(model, id, policy);
        await bed.remove(target.kind, target.object, policy);
        await check(made, model);
      }
      await bed.collector.whenIdle();
      await check(made, model);
    }),
    { numRuns: Number(process.env.HOLT_GC_RUNS ?? 15), endOnFailure: true },
  );
  t.pass();
});
