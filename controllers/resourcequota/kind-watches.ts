import { type ApiClient, Informer, type Lister } from '../../api/client/index.ts';
import type { CustomResourceDefinition } from '../../crds/customresourcedefinition/definition.ts';
import { servedKind } from '../../crds/customresourcedefinition/served-kind.ts';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { apiVersionOf, type ResourceAddress } from '../../crds/meta/resource-definition.ts';
import type { ResourceQuota } from '../../crds/resourcequota/definition.ts';
import type { KindName } from '../../crds/resourcequota/tracked-resources.ts';
import type { ManagerContext } from '../manager-context.ts';
import { kindsOf } from './freed.ts';
import { metadataOnly } from './metadata-only.ts';

export interface KindWatchOptions {
  readonly quotas: Lister<ResourceQuota>;
  readonly definitions: Lister<CustomResourceDefinition>;
  /** Kinds that somebody watches already. */
  readonly watched: readonly KindName[];
  /** Told where an object is gone; without a namespace when it may have happened unseen, as a watch begins or ends. */
  readonly onGone: (kind: KindName, namespace?: string) => void;
}

/**
 * Watches the kinds that some quota counts, and no others, be they built in or defined while the API server runs.
 * `update` brings the watches to what quotas and definitions say now.
 */
export class KindWatches {
  readonly #client: Pick<ApiClient, 'listAll' | 'watch'>;
  readonly #context: Pick<ManagerContext, 'clock' | 'logger'>;
  readonly #options: KindWatchOptions;
  readonly #informers = new Map<string, Informer<ApiObject>>();
  readonly #ending = new Set<Promise<void>>();

  constructor({ client, clock, logger }: ManagerContext, options: KindWatchOptions) {
    this.#client = metadataOnly(client);
    this.#context = { clock, logger };
    this.#options = options;
  }

  /** Where the objects of a kind are to be had; undefined while it is not served. */
  addressOf({ group, plural }: KindName): ResourceAddress | undefined {
    const known = ALL_DEFINITIONS.find((each) => each.group === group && each.plural === plural);
    if (known !== undefined) return known;
    const crd = this.#options.definitions.get('', `${plural}.${group}`);
    return crd && servedKind(crd);
  }

  update(): void {
    const wanted = this.#wanted();
    for (const [key, informer] of this.#informers) {
      if (wanted.has(key)) continue;
      this.#informers.delete(key);
      this.#end(informer);
      // Where the kind itself is gone, its last objects went with nobody watching.
      this.#options.onGone(informer.definition);
    }
    for (const [key, address] of wanted)
      if (!this.#informers.has(key)) this.#informers.set(key, this.#start(address));
  }

  async stop(): Promise<void> {
    for (const informer of this.#informers.values()) this.#end(informer);
    this.#informers.clear();
    await Promise.all(this.#ending);
  }

  #wanted(): ReadonlyMap<string, ResourceAddress> {
    const { quotas, watched } = this.#options;
    const wanted = new Map<string, ResourceAddress>();
    for (const kind of quotas.list().flatMap(kindsOf)) {
      if (watched.some(({ group, plural }) => group === kind.group && plural === kind.plural)) continue;
      const address = this.addressOf(kind);
      if (address?.namespaced === true) wanted.set(`${apiVersionOf(address)}/${address.plural}`, address);
    }
    return wanted;
  }

  #start(address: ResourceAddress): Informer<ApiObject> {
    const { onGone } = this.#options;
    const informer = new Informer<ApiObject>({
      ...this.#context,
      client: this.#client,
      definition: address,
    });
    informer.onChange((_, { old, new: current }) => {
      if (old !== undefined && current === undefined) onGone(address, old.metadata.namespace ?? '');
    });
    informer.start();
    // What went after the count and before the first list was seen by nobody.
    void informer.whenSynced().then(() => onGone(address));
    return informer;
  }

  #end(informer: Informer<ApiObject>): void {
    const ending = informer.stop().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
