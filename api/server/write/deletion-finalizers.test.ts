import test from 'ava';
import { deletionFinalizers } from './deletion-finalizers.ts';

const after = (
  finalizers: readonly string[],
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan',
  orphanDependents?: boolean,
) => deletionFinalizers({ propagationPolicy, orphanDependents }, finalizers);

test('the policy asked for decides which finalizer of the garbage collector stays', (t) => {
  t.deepEqual(after([], 'Foreground'), ['foregroundDeletion']);
  t.deepEqual(after([], 'Orphan'), ['orphan']);
  t.deepEqual(after(['a/b', 'orphan'], 'Foreground'), ['a/b', 'foregroundDeletion']);
  t.deepEqual(after(['foregroundDeletion', 'a/b'], 'Background'), ['a/b']);
});

test('without a policy the finalizers that are there decide', (t) => {
  t.deepEqual(after(['orphan']), ['orphan']);
  t.deepEqual(after(['foregroundDeletion']), ['foregroundDeletion']);
  t.deepEqual(after(['orphan', 'foregroundDeletion']), ['orphan']);
  t.deepEqual(after(['a/b']), ['a/b']);
});

test('orphanDependents, as older clients send it', (t) => {
  t.deepEqual(after(['foregroundDeletion'], undefined, true), ['orphan']);
  t.deepEqual(after(['orphan'], undefined, false), []);
});
