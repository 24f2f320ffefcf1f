import test from 'ava';
import { ApiError } from '../../api/client/index.ts';
import { Indexer } from '../../api/client/indexer.ts';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import type { ApiObject, Condition, Stored } from '../../crds/meta/meta.ts';
import type { ResourceDefinition } from '../../crds/meta/resource-definition.ts';
import type { Namespace } from '../../crds/namespace/definition.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { NamespaceReconciler } from './reconcile.ts';

function start(stored: Array<{ kind: string; name: string; finalizers?: string[] }>, isLeaving = true) {
  const objects = stored.map((each) => ({
    apiVersion: 'any',
    kind: each.kind,
    metadata: {
      namespace: 'team',
      name: each.name,
      uid: each.name,
      resourceVersion: '1',
      finalizers: each.finalizers ?? [],
    },
  })) as Stored<ApiObject>[];
  const namespaces = new Indexer<Namespace>();
  namespaces.set({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'team',
      uid: 'ns',
      resourceVersion: '1',
      ...(isLeaving ? { deletionTimestamp: 'now' } : {}),
    },
    spec: { finalizers: ['kubernetes', 'other'] },
  });
  const log: string[] = [];
  let conditions: Condition[] = [];
  const reconciler = new NamespaceReconciler({
    namespaces,
    definitions: ALL_DEFINITIONS,
    clock: new TestClock(),
    client: {
      listAll: async (definition: ResourceDefinition) =>
        ({
          items: objects.filter(({ kind }) => kind === definition.kind),
          resourceVersion: '1',
          continueToken: undefined,
        }) as never,
      delete: async (_definition, name, options) => {
        const index = objects.findIndex(({ metadata }) => metadata.uid === options?.uid);
        const object = objects[index];
        if (object === undefined) throw new ApiError('DELETE', { code: 404, reason: 'NotFound' });
        log.push(`delete ${name.name}`);
        if ((object.metadata.finalizers ?? []).length === 0) objects.splice(index, 1);
        else object.metadata.deletionTimestamp = 'now';
      },
      update: async (_definition, object, options) => {
        log.push(`${options?.subresource} ${JSON.stringify(object.spec)}`);
        return object as never;
      },
    },
    commit: async (_namespace, status) => {
      conditions = status.conditions as Condition[];
    },
  });
  const reconcile = () =>
    reconciler.reconcile({ namespace: '', name: 'team' }, { signal: new AbortController().signal });
  return { objects, log, reconcile, conditions: () => conditions.map(({ message }) => message) };
}

test('deletes all, waits for finalizers, Events last, then finalizes', async (t) => {
  const { objects, log, reconcile, conditions } = start([
    { kind: 'UserVM', name: 'alice', finalizers: ['holt.dev/vm'] },
    { kind: 'SandboxContainer', name: 'live' },
    { kind: 'Event', name: 'news' },
  ]);
  t.deepEqual(await reconcile(), { requeueAfterMs: 1_000 });
  t.deepEqual(log.splice(0).sort(), ['delete alice', 'delete live']);
  await reconcile();
  t.deepEqual(log.splice(0), []);
  t.deepEqual(conditions(), [
    'some resources are remaining: events has 1, uservms.holt.dev has 1',
    'some content has finalizers remaining: holt.dev/vm has 1',
  ]);
  objects.splice(0, 1);
  await reconcile();
  t.deepEqual(log.splice(0), ['delete news']);
  t.deepEqual(await reconcile(), {});
  t.deepEqual(log, ['finalize {"finalizers":["other"]}']);
});

test('a Namespace that stays is let be', async (t) => {
  const { log, reconcile } = start([{ kind: 'UserVM', name: 'alice' }], false);
  t.deepEqual(await reconcile(), {});
  t.deepEqual(log, []);
});
