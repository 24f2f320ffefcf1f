import test from 'ava';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { compileJsonPath } from './json-path.ts';

const object = {
  metadata: { labels: { 'holt.dev/mode': 'kvm' } },
  list: [
    { type: 'A', status: 'no' },
    { type: 'Ready', status: 'yes', n: 2 },
  ],
};

for (const [path, value] of [
  ['.metadata.labels.holt\\.dev/mode', 'kvm'],
  [".metadata.labels['holt.dev/mode']", 'kvm'],
  ['.list[?(@.type=="Ready")].status', 'yes'],
  [".list[?(@.type == 'Ready')].status", 'yes'],
  ['.list[?(@.n==2)].type', 'Ready'],
  ['.list[?(@.type=="Absent")].status', undefined],
  ['.list[1].status', 'yes'],
  ['.list[-1].status', 'yes'],
  ['.list[*].status', 'no'],
  ['.list[7].status', undefined],
  ['.metadata.absent.field', undefined],
  ['.metadata.constructor', undefined],
] as const) {
  test(`${path} leads to ${value}`, (t) => t.is(compileJsonPath(path)(object), value));
}

test('a path that cannot be read is refused with the place', (t) => {
  t.throws(() => compileJsonPath('.a[?(@.b>1)]'), {
    message: 'JSONPath ".a[?(@.b>1)]" cannot be read from "[?(@.b>1)]" on',
  });
});

test('the columns of every kind have readable paths', (t) => {
  for (const { printerColumns } of ALL_DEFINITIONS) {
    for (const { jsonPath } of printerColumns) t.notThrows(() => compileJsonPath(jsonPath));
  }
});
