import test from 'ava';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { containerJob } from './container-job.ts';
import { containerSource } from './container-source.ts';

function container(role: string, spec: Record<string, unknown>) {
  return {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { name: 'task', namespace: 'default' },
    spec: { role, vmRef: { name: 'alice' }, source: { closure: '/opt/x' }, command: ['/x'], ...spec },
  };
}

const job = (spec: Record<string, unknown>) => container('job', { restartPolicy: 'Never', ...spec });

const fieldsOf = (object: ReturnType<typeof container>, previous?: ReturnType<typeof container>) =>
  containerJob({ definition: sandboxContainerDefinition, object, previous }).map(({ field }) => field);

test('only a job has the fields of one, and a job does not run for ever', (t) => {
  t.deepEqual(fieldsOf(job({ job: { backoffLimit: 1 } })), []);
  t.deepEqual(fieldsOf(container('live', { restartPolicy: 'Always' })), []);
  t.deepEqual(fieldsOf(container('live', { job: { backoffLimit: 1 } })), ['spec.job']);
  t.deepEqual(fieldsOf(job({ restartPolicy: 'Always' })), ['spec.restartPolicy']);
});

test('what a job runs stays as it was; how it is run may change', (t) => {
  t.deepEqual(fieldsOf(job({ job: { backoffLimit: 3, suspend: true } }), job({})), []);
  t.deepEqual(fieldsOf(job({ command: ['/y'] }), job({})), ['spec.command']);
  t.deepEqual(fieldsOf(job({ env: [{ name: 'A', value: '1' }] }), job({})), ['spec.env']);
});

test('a job that was stored before it had to end may stay', (t) => {
  const old = job({ restartPolicy: 'Always' });
  t.deepEqual(fieldsOf(job({ restartPolicy: 'Always', command: ['/y'] }), old), []);
});

test('a container cannot wait for itself', (t) => {
  const object = container('live', {
    dependsOn: [
      { name: 'other', condition: 'Ready' },
      { name: 'task', condition: 'Ready' },
    ],
  });
  const errors = containerSource({ definition: sandboxContainerDefinition, object, previous: undefined });
  t.deepEqual(
    errors.map(({ field }) => field),
    ['spec.dependsOn[1].name'],
  );
});
