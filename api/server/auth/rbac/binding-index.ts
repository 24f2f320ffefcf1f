import type { EventCursor } from '../../../storage/cache/event-cursor.ts';
import type { RegistryCache } from '../../../storage/cache/registry-cache.ts';
import type { WindowEvent } from '../../../storage/cache/window-event.ts';
import { resourcePrefix } from '../../../storage/keys.ts';
import type { StoredObject } from '../../../storage/stored-object.ts';
import { RBAC_GROUP, type RoleRef, roleRefOf, type Subject, subjectsOf } from './policy-rule.ts';

/** A binding as it is for one of its subjects. */
export interface SubjectBinding {
  readonly name: string;
  /** Empty for a ClusterRoleBinding. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subject: Subject;
}

export type BindingPlural = 'rolebindings' | 'clusterrolebindings';

/** Where the bindings of a user of this name are filed. */
export function userKey(name: string): string {
  return `u:${name}`;
}

/** Where the bindings of a group are filed. */
export function groupKey(name: string): string {
  return `g:${name}`;
}

/** Where a subject's binding is filed; undefined for one that can be nobody. */
function keyOfSubject({ kind, name, namespace }: Subject, bindingNamespace: string): string | undefined {
  if (kind === 'User') return userKey(name);
  if (kind === 'Group') return groupKey(name);
  const home = namespace === '' ? bindingNamespace : namespace;
  return kind === 'ServiceAccount' && home !== ''
    ? userKey(`system:serviceaccount:${home}:${name}`)
    : undefined;
}

/**
 * The bindings of one resource by namespace and subject. Follows the registry cache by a cursor that is drained
 * before each look-up, so that a look-up costs what the subject has and sees all that the cache has.
 */
export class BindingIndex {
  readonly #cache: RegistryCache;
  readonly #prefix: string;
  readonly #filed = new Map<string, Map<string, SubjectBinding>>();
  #placesOf = new Map<string, readonly string[]>();
  #cursor: EventCursor | undefined;

  constructor(cache: RegistryCache, plural: BindingPlural) {
    this.#cache = cache;
    this.#prefix = resourcePrefix({ group: RBAC_GROUP, plural });
  }

  /** The bindings of a subject (`userKey`, `groupKey`) in a namespace; `''` for cluster-scoped bindings. */
  find(namespace: string, subjectKey: string): Iterable<SubjectBinding> {
    this.#follow();
    return this.#filed.get(`${namespace}/${subjectKey}`)?.values() ?? [];
  }

  #follow(): void {
    for (;;) {
      const event = this.#cursor === undefined ? 'expired' : this.#cursor.next();
      if (event === undefined) return;
      if (event === 'expired') this.#rebuild();
      else this.#apply(event);
      if (this.#cursor === undefined) return;
    }
  }

  #apply({ type, current }: WindowEvent): void {
    this.#remove(current.key);
    if (type !== 'DELETED') this.#add(current);
  }

  #rebuild(): void {
    this.#cursor?.close();
    this.#filed.clear();
    this.#placesOf = new Map();
    const window = this.#cache.window(this.#prefix);
    for (const stored of window.objects(this.#prefix)) this.#add(stored);
    this.#cursor = window.cursorAfter(this.#cache.revision, () => {});
  }

  #add(stored: StoredObject): void {
    const { object, key } = stored;
    const { name = '', namespace = '' } = object.metadata;
    const roleRef = roleRefOf(object);
    const places: string[] = [];
    for (const subject of subjectsOf(object)) {
      const subjectKey = keyOfSubject(subject, namespace);
      if (subjectKey === undefined) continue;
      const place = `${namespace}/${subjectKey}`;
      const bindings = this.#filed.get(place) ?? new Map<string, SubjectBinding>();
      bindings.set(key, { name, namespace, roleRef, subject });
      this.#filed.set(place, bindings);
      places.push(place);
    }
    this.#placesOf.set(key, places);
  }

  #remove(key: string): void {
    for (const place of this.#placesOf.get(key) ?? []) {
      const bindings = this.#filed.get(place);
      bindings?.delete(key);
      if (bindings?.size === 0) this.#filed.delete(place);
    }
    this.#placesOf.delete(key);
  }
}
