import test from 'ava';
import { userVmDefinition } from '../../../crds/uservm/definition.ts';
import { volumeGrowth } from './volume-growth.ts';

const GIB = 2 ** 30;

/** A UserVM that asks for `size`, with a volume of `sizeBytes` if any. */
function vm(size: string, sizeBytes?: number) {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: 'alice', namespace: 'default' },
    spec: { user: 'alice', dataVolume: { size } },
    ...(sizeBytes === undefined ? {} : { status: { dataVolume: { sizeBytes } } }),
  };
}

const isTaken = (size: string, previous?: ReturnType<typeof vm>) =>
  volumeGrowth({ definition: userVmDefinition, object: vm(size), previous }).length === 0;

test('a volume that is there does not shrink, and the message says its size', (t) => {
  t.false(isTaken('4Gi', vm('8Gi', 8 * GIB)));
  t.true(isTaken('8192Mi', vm('8Gi', 8 * GIB)));
  t.true(isTaken('9Gi', vm('8Gi', 8 * GIB)));
  const [error] = volumeGrowth({
    definition: userVmDefinition,
    object: vm('4Gi'),
    previous: vm('8Gi', 8 * GIB),
  });
  t.like(error, { field: 'spec.dataVolume.size', value: '4Gi' });
  t.regex(error?.detail ?? '', /never shrinks: it has 8589934592 bytes/);
});

test('a size that could not be had can be taken back, down to what is there', (t) => {
  t.true(isTaken('4Gi', vm('900Ti')), 'no volume was made');
  t.true(isTaken('2Gi', vm('900Ti', GIB)));
  t.false(isTaken('512Mi', vm('900Ti', GIB)));
});

test('a volume larger than was asked for does not stand in the way of other changes', (t) => {
  t.true(isTaken('4Gi', vm('4Gi', 8 * GIB)));
});
