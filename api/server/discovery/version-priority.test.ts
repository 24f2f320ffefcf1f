import test from 'ava';
import { compareVersions } from './version-priority.ts';

test('stable before beta before alpha, the higher first, then what is no such version by name', (t) => {
  const versions = [
    'foo10',
    'v1alpha2',
    'v10',
    'v2',
    'v1',
    'v1beta1',
    'v3beta1',
    'v11alpha2',
    'foo1',
    'v1beta10',
  ];
  t.deepEqual(versions.toSorted(compareVersions), [
    ...['v10', 'v2', 'v1', 'v3beta1', 'v1beta10', 'v1beta1', 'v11alpha2', 'v1alpha2', 'foo1', 'foo10'],
  ]);
});
