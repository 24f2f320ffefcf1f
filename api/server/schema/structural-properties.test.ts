import test from 'ava';
import fc from 'fast-check';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import type { ResourceDefinition } from '../../../crds/meta/resource-definition.ts';
import { sandboxContainerDefinition } from '../../../crds/sandboxcontainer/definition.ts';
import { userVmDefinition } from '../../../crds/uservm/definition.ts';
import { compileSchema } from './structural.ts';

const SUBJECTS: readonly { definition: ResourceDefinition; valid: JsonRecord }[] = [
  {
    definition: userVmDefinition,
    valid: {
      spec: {
        user: 'alice',
        powerState: 'Running',
        cpus: 2,
        memory: '1Gi',
        dataVolume: { size: '4Gi' },
        recycleRequest: 'again',
        placement: { nodeName: 'node-1' },
      },
      status: {
        vmmPid: 1,
        addresses: { ip: '1', mac: '2' },
        conditions: [
          {
            type: 'Ready',
            status: 'True',
            lastTransitionTime: '2026-01-01T00:00:00Z',
            reason: '',
            message: '',
          },
        ],
      },
    },
  },
  {
    definition: sandboxContainerDefinition,
    valid: {
      spec: {
        vmRef: { name: 'alice' },
        role: 'live',
        source: { closure: '/opt/a', image: 'b' },
        command: ['/bin/a', 'b'],
        env: [{ name: 'A', value: 'b' }],
        ports: [{ name: 'http', containerPort: 80 }],
        route: { port: 80 },
        resources: { cpu: '1', memory: '1Gi', pids: 5 },
        volumeMounts: [{ mountPath: '/a', subPath: 'a', readOnly: true }],
        readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 },
        restartPolicy: 'Never',
      },
    },
  },
];

type Path = readonly (string | number)[];

/** The paths of everything inside a value. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries = Array.isArray(value)
    ? value.map((element, index) => [index, element] as const)
    : Object.entries(value);
  return [path, ...entries.flatMap(([key, child]) => pathsIn(child, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  if (Array.isArray(value))
    return value.map((element, at) => (at === key ? replaced(element, rest, replacement) : element));
  return isRecord(value) ? { ...value, [key]: replaced(value[key], rest, replacement) } : value;
}

const values = fc.oneof(
  fc.constantFrom<unknown>(
    -1,
    0,
    1,
    1.5,
    64,
    65,
    65_536,
    '',
    'x',
    'Ü',
    '-1Gi',
    '1Gi',
    '0',
    '.5',
    '/a',
    'a/b',
    'a\n',
    true,
  ),
  fc.constantFrom<unknown>(
    [],
    {},
    ['x'],
    [1],
    'a'.repeat(64),
    'Stopped',
    'dev',
    'True',
    { name: 'x' },
    { port: 1 },
  ),
  fc.string(),
  fc.integer(),
);

for (const { definition, valid } of SUBJECTS) {
  const compiled = compileSchema(definition);
  const mutated = fc
    .tuple(fc.constantFrom(...pathsIn(valid).filter((path) => path.length > 0)), values)
    .map(([path, value]) => replaced(valid, path, value));

  test(`${definition.kind}: agrees with zod on what is valid`, (t) => {
    fc.assert(
      fc.property(mutated, (object) => {
        const { errors } = compiled.validate(
          { metadata: { name: 'x' }, ...(object as JsonRecord) },
          { fieldValidation: 'Ignore' },
        );
        t.is(
          errors.length === 0,
          definition.schema.safeParse(object).success,
          JSON.stringify({ object, errors }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test(`${definition.kind}: what was pruned and defaulted once stays as it is`, (t) => {
    fc.assert(
      fc.property(fc.oneof(mutated, fc.object(), fc.record({ spec: fc.object() })), (object) => {
        const once = compiled.validate(object, { fieldValidation: 'Ignore' });
        const twice = compiled.validate(once.object, { fieldValidation: 'Warn' });
        t.deepEqual(twice.object, once.object);
        t.deepEqual(twice.errors, once.errors);
      }),
    );
  });
}
