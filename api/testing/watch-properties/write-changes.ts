import { leaseDefinition } from '../../../crds/lease/definition.ts';
import type { EtcdKv, Operation as EtcdOperation } from '../../storage/etcd/kv.ts';
import { listPrefix } from '../../storage/keys.ts';
import { encodeObject } from '../../storage/stored-object.ts';
import type { Change, LeaseState } from './change.ts';

export interface WriteOptions {
  readonly kv: EtcdKv;
  readonly namespace: string;
  readonly changeCount: number;
  readonly writerCount: number;
  /** The writer that it is told by waits for what it returns. */
  readonly onProgress: (changes: number) => Promise<void>;
}

function encodeLease(namespace: string, name: string, { token, side }: LeaseState): Buffer {
  return encodeObject({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, uid: `uid-${name}`, labels: { side }, annotations: { written: token } },
    spec: {},
  });
}

/** The next state of a key in its life: it is made, changes sides now and then, and is deleted again. */
function nextState(step: number, token: string): LeaseState | undefined {
  if (step % 7 === 6) return undefined;
  return { token, side: Math.floor(step / 2) % 2 === 0 ? 'left' : 'right' };
}

/**
 * Changes leases straight in etcd, several in one transaction at times, each writer its own: so that what happened
 * is known without any watch.
 * @returns all changes, in the order of their revisions
 */
export async function writeChanges(options: WriteOptions): Promise<readonly Change[]> {
  const { kv, namespace, changeCount, writerCount, onProgress } = options;
  const prefix = listPrefix(leaseDefinition, namespace);
  const changes: Change[] = [];
  const writer = async (index: number) => {
    const keys = [0, 1, 2].map((number) => `lease-${index}-${number}`);
    const states = new Map<string, LeaseState>();
    for (let step = 0; changes.length < changeCount; step += 1) {
      const touched = keys.slice(0, 1 + (step % 3));
      const success: EtcdOperation[] = [];
      const made: Omit<Change, 'revision'>[] = [];
      for (const [place, key] of touched.entries()) {
        const previous = states.get(key);
        const next = nextState(step + place, `${key}-${step}`);
        if (next === undefined && previous === undefined) continue;
        if (next === undefined) {
          success.push({ delete: prefix + key });
          states.delete(key);
        } else {
          success.push({ put: prefix + key, value: encodeLease(namespace, key, next) });
          states.set(key, next);
        }
        const type = next === undefined ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
        made.push({ key, type, state: next ?? previous ?? { token: '', side: '' }, previous });
      }
      if (success.length === 0) continue;
      const { revision } = await kv.txn({ compare: [], success });
      changes.push(...made.map((change) => ({ ...change, revision })));
      await onProgress(changes.length);
    }
  };
  await Promise.all(Array.from({ length: writerCount }, (_, index) => writer(index)));
  return changes.toSorted((one, other) => one.revision - other.revision);
}
