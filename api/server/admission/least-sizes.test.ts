import test from 'ava';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../crds/uservm/definition.ts';
import { leastSizes } from './least-sizes.ts';

function vm(memory: string, size = '1Gi') {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'UserVM',
    metadata: { name: 'alice', namespace: 'default' },
    spec: { user: 'alice', memory, dataVolume: { size } },
  };
}

const fieldsOf = (object: ReturnType<typeof vm>, previous?: ReturnType<typeof vm>) =>
  leastSizes({ definition: userVmDefinition, object, previous }).map(({ field }) => field);

test('what could never run is refused by field, with the least that works', (t) => {
  t.deepEqual(fieldsOf(vm('192Mi', '16Mi')), []);
  t.deepEqual(fieldsOf(vm('191Mi', '15Mi')), ['spec.memory', 'spec.dataVolume.size']);
  const [error] = leastSizes({ definition: userVmDefinition, object: vm('2'), previous: undefined });
  t.like(error, {
    value: '2',
    detail: "the guest's own services and one container do not fit into less: ask for 192Mi or more",
  });
});

test('a stored size may stay while something else changes, and may not shrink further', (t) => {
  t.deepEqual(fieldsOf(vm('128Mi'), vm('128Mi')), []);
  t.deepEqual(fieldsOf(vm('64Mi'), vm('128Mi')), ['spec.memory']);
});

test("a container's memory", (t) => {
  const object = { ...vm('1Gi'), kind: 'SandboxContainer', spec: { resources: { memory: '512Ki' } } };
  const errors = leastSizes({ definition: sandboxContainerDefinition, object, previous: undefined });
  t.deepEqual(
    errors.map(({ field }) => field),
    ['spec.resources.memory'],
  );
});
