import { createHash } from 'node:crypto';
import type { CustomResourceDefinition } from '../../../crds/customresourcedefinition/definition.ts';
import type { AnyKind } from '../../../crds/generate/kind-schema.ts';
import { structuralSchemaOf } from '../../../crds/generate/structural-schema.ts';
import { apiVersionOf, type ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import type { RegistryCache } from '../../storage/cache/registry-cache.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import { createResource, type Resource, type ResourceCatalog } from '../http/resource.ts';
import { createPodsView } from '../pods/pods-view.ts';
import { compileSchema } from '../schema/structural.ts';
import { CRD_PREFIX, isConditionTrue } from './crd-object.ts';
import { type OwnKind, servedKind } from './served-kind.ts';
import { customForm } from './stored-form.ts';

/** The versions of one custom kind, made from one form of its definition. */
interface Served {
  readonly resources: readonly Resource[];
  readonly end: AbortController;
}

function urlKey(group: string, version: string, plural: string): string {
  return `${apiVersionOf({ group, version })}/${plural}`;
}

/** Made once for each revision of a definition: they are large. */
const identities = new WeakMap<StoredObject, string>();

/** What two revisions of a definition share where they serve the same; conditions and metadata do not count. */
function identityOf(stored: StoredObject): string {
  const known = identities.get(stored);
  if (known !== undefined) return known;
  const { metadata, spec, status } = stored.object as CustomResourceDefinition;
  const text = JSON.stringify([metadata.uid, spec, status?.acceptedNames]);
  const identity = createHash('sha256').update(text).digest('base64');
  identities.set(stored, identity);
  return identity;
}

/** Built-in kinds, and all kinds whose CustomResourceDefinitions are established in the registry's memory. */
export class LiveCatalog implements ResourceCatalog {
  readonly #cache: RegistryCache;
  readonly #builtIn: readonly Resource[];
  readonly #own: ReadonlyMap<string, OwnKind>;
  #served = new Map<string, Served>();
  #resources = new Map<string, Resource>();
  #definitions: readonly AnyKind[] = [];
  #seen = -1;

  /** @throws TypeError when a kind's schema has no structural form */
  constructor(cache: RegistryCache, definitions: readonly ResourceDefinition[]) {
    this.#cache = cache;
    const stored = definitions.filter(({ builtIn }) => builtIn).map((kind) => createResource(kind));
    this.#builtIn = [...stored, createPodsView()];
    const own = definitions.filter(({ builtIn }) => !builtIn);
    this.#own = new Map(
      own.map((definition) => [
        urlKey(definition.group, definition.version, definition.plural),
        { definition, structural: structuralSchemaOf(definition.schema) },
      ]),
    );
  }

  /** Kinds of this repository that are served from definitions in the registry. */
  get ownKinds(): readonly ResourceDefinition[] {
    return [...this.#own.values()].map(({ definition }) => definition);
  }

  /** Whether every kind of this repository is served. */
  get isComplete(): boolean {
    this.refresh();
    return [...this.#own.keys()].every((key) => this.#resources.has(key));
  }

  get definitions(): readonly AnyKind[] {
    this.refresh();
    return this.#definitions;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    this.refresh();
    return this.#resources.get(urlKey(group, version, plural));
  }

  /** Takes over what changed in the registry. Watches of kinds that are gone end once their last events are out. */
  refresh(): void {
    const window = this.#cache.window(CRD_PREFIX);
    if (window.version === this.#seen) return;
    this.#seen = window.version;
    const next = new Map<string, Served>();
    for (const stored of window.objects(CRD_PREFIX)) {
      const crd = stored.object as CustomResourceDefinition;
      if (!isConditionTrue(crd, 'Established')) continue;
      const identity = identityOf(stored);
      next.set(identity, this.#served.get(identity) ?? this.#serve(crd));
    }
    const ended = [...this.#served].filter(([identity]) => !next.has(identity));
    for (const [, { end }] of ended) setImmediate(() => end.abort());
    this.#served = next;
    const all = [...this.#builtIn, ...[...next.values()].flatMap(({ resources }) => resources)];
    this.#resources = new Map(
      all.map((resource) => {
        const { group, version, plural } = resource.definition;
        return [urlKey(group, version, plural), resource];
      }),
    );
    this.#definitions = all.map(({ definition }) => definition as AnyKind);
  }

  #serve(crd: CustomResourceDefinition): Served {
    const { group, names, versions } = crd.spec;
    const end = new AbortController();
    const storage = versions.find((version) => version.storage)?.name ?? '';
    const isUnchanged = versions.length === 1 && crd.metadata.generation === 1;
    const served = versions.filter((version) => version.served);
    const resources = served.map((version): Resource => {
      const own = this.#own.get(urlKey(group, version.name, names.plural ?? ''));
      const kind = servedKind(crd, version, own);
      const form = customForm({
        apiVersion: apiVersionOf(kind),
        storageApiVersion: apiVersionOf({ group, version: storage }),
        schema: compileSchema(kind),
        isUnchanged,
      });
      return { ...createResource(kind, form), crdName: crd.metadata.name ?? '', gone: end.signal };
    });
    return { resources, end };
  }
}
