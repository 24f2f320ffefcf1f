import test from 'ava';
import type { Change, ChangeListener, Informer } from '../../api/client/index.ts';
import type { Stored } from '../../crds/meta/meta.ts';
import type { Node } from '../../crds/node/definition.ts';
import { informerSource, specChanged } from './source.ts';

const node = (name: string, zone: string, generation = 1): Stored<Node> => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, uid: name, resourceVersion: '1', generation, labels: { zone } },
});

function connect(options: Parameters<typeof informerSource<Node>>[1]) {
  let tell: ChangeListener<Node> = () => {};
  const informer = {
    onChange: (listener: ChangeListener<Node>) => {
      tell = listener;
      return () => {};
    },
  } as unknown as Informer<Node>;
  const keys: string[] = [];
  informerSource(informer, options).connect((key) => keys.push(key));
  return { keys, tell: (change: Change<Node>) => tell('n', change) };
}

test('keys of the old and the new object, each once', (t) => {
  const { keys, tell } = connect({ keys: ({ metadata }) => [metadata.labels?.zone ?? ''] });
  tell({ old: node('a', 'x'), new: node('a', 'y') });
  tell({ old: node('a', 'y'), new: node('a', 'y') });
  t.deepEqual(keys, ['x', 'y', 'y']);
});

test("without options the object's own key", (t) => {
  const { keys, tell } = connect({});
  tell({ new: node('a', 'x') });
  tell({ old: node('a', 'x') });
  t.deepEqual(keys, ['a', 'a']);
});

test('specChanged passes new, gone, changed and leaving objects, not status writes', (t) => {
  const { keys, tell } = connect({ predicate: specChanged });
  const leaving = node('a', 'x');
  leaving.metadata.deletionTimestamp = 'now';
  tell({ old: node('a', 'x'), new: node('a', 'x') });
  t.is(keys.length, 0);
  tell({ new: node('a', 'x') });
  tell({ old: node('a', 'x') });
  tell({ old: node('a', 'x'), new: node('a', 'x', 2) });
  tell({ old: node('a', 'x'), new: leaving });
  t.is(keys.length, 4);
});
