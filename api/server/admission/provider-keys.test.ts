import test from 'ava';
import { configMapDefinition } from '../../../crds/configmap/definition.ts';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { providerKeys } from './provider-keys.ts';

function ofEnvironment(name: string, value: string) {
  const object = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'SandboxContainer',
    metadata: { name: 'live', namespace: 'default' },
    spec: { env: [{ name, value }] },
  };
  return providerKeys({ definition: sandboxContainerDefinition, object, previous: undefined });
}

function ofConfigMap(fields: Record<string, unknown>) {
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, ...fields };
  return providerKeys({ definition: configMapDefinition, object, previous: undefined });
}

// Put together here, so that no scanner takes this file for a leak.
const KEYS = [
  `sk-ant-${'x1'.repeat(12)}`,
  `AKIA${'A1'.repeat(8)}`,
  `ghp_${'x'.repeat(36)}`,
  ['-----BEGIN EC', 'PRIVATE KEY-----\nMHcC'].join(' '),
  ['-----BEGIN', 'PRIVATE KEY-----\nMHcC'].join(' '),
];

test('names of provider keys are refused in containers, by field, with a remedy', (t) => {
  for (const name of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'openai_api_key']) {
    const [error] = ofEnvironment(name, 'whatever');
    t.like(error, { field: 'spec.env[0].name', type: 'FieldValueForbidden' }, name);
    t.regex(error?.detail ?? '', /keep them where the calls are made/);
  }
});

test('values that look like keys are refused everywhere, and never repeated', (t) => {
  for (const key of KEYS) {
    for (const errors of [
      ofEnvironment('SETTING', `prefix ${key}`),
      ofConfigMap({ data: { setting: key } }),
      ofConfigMap({ binaryData: { setting: Buffer.from(key).toString('base64') } }),
    ]) {
      t.is(errors.length, 1, key);
      t.false(JSON.stringify(errors).includes(key.slice(0, 12)));
    }
  }
});

test('ordinary values pass', (t) => {
  for (const [name, value] of [
    ['LOG_LEVEL', 'info'],
    ['TASK', 'risk-assessment-of-the-whole-project'],
    ['CERT', '-----BEGIN CERTIFICATE-----\nMIIB'],
    ['OPENAI_API_KEY', ''],
    ['NAME', 'AKIA'],
  ] as const) {
    t.deepEqual(ofEnvironment(name, value), [], name);
    t.deepEqual(ofConfigMap({ data: { [name]: value } }), [], name);
  }
});
