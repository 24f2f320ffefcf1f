import test from 'ava';
import { isRecord, type JsonRecord } from '../../../crds/generate/json-record.ts';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { decodeMessage } from '../protobuf/decode-message.ts';
import { openApiResponse } from './openapi.ts';
import { SWAGGER_MESSAGES } from './swagger-messages.ts';

const OLD_PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

function get(path: string, accept = 'application/json') {
  return openApiResponse(path, accept, ALL_DEFINITIONS);
}

function document(path: string): JsonRecord {
  const parsed: unknown = JSON.parse(String(get(path)?.body));
  if (!isRecord(parsed)) throw new TypeError(`${path} is no document`);
  return parsed;
}

/** The value below a path of field names. */
function at(value: unknown, ...names: string[]): unknown {
  return names.reduce<unknown>((found, name) => (isRecord(found) ? found[name] : undefined), value);
}

/** Every object inside a value, itself included. */
function* objectsIn(value: unknown): Generator<JsonRecord> {
  if (isRecord(value)) yield value;
  if (typeof value === 'object' && value !== null)
    for (const child of Object.values(value)) yield* objectsIn(child);
}

const { paths: index } = document('/openapi/v3');
const indexPaths = Object.keys(isRecord(index) ? index : {});

test('the index leads to a document a group version, by its hash', (t) => {
  t.deepEqual(indexPaths, [
    'api/v1',
    'apis/admissionregistration.k8s.io/v1',
    'apis/apiextensions.k8s.io/v1',
    'apis/authentication.k8s.io/v1',
    'apis/authorization.k8s.io/v1',
    'apis/coordination.k8s.io/v1',
    'apis/holt.dev/v1alpha1',
    'apis/rbac.authorization.k8s.io/v1',
  ]);
  for (const path of indexPaths) {
    const url = String(at(index, path, 'serverRelativeURL'));
    const answer = get(url);
    t.is(answer?.etag, `"${url.split('hash=')[1]}"`);
  }
});

test('other paths are not answered', (t) => {
  for (const path of ['/openapi', '/openapi/v4', '/openapi/v3/apis/absent/v1', '/openapi/v33'])
    t.is(get(path), undefined);
});

test('every reference leads somewhere and every operation id is unique', (t) => {
  for (const path of [...indexPaths.map((one) => `/openapi/v3/${one}`), '/openapi/v2']) {
    const whole = document(path);
    const ids: unknown[] = [];
    for (const object of objectsIn(whole)) {
      if (typeof object.$ref === 'string')
        t.truthy(at(whole, ...object.$ref.split('/').slice(1)), `${path}: ${object.$ref}`);
      if (object.operationId !== undefined) ids.push(object.operationId);
    }
    t.is(new Set(ids).size, ids.length, path);
  }
});

test('a PATCH carries what kubectl looks for before it applies', (t) => {
  const { paths } = document('/openapi/v3/apis/holt.dev/v1alpha1');
  const patch = at(paths, '/apis/holt.dev/v1alpha1/namespaces/{namespace}/uservms/{name}', 'patch');
  t.deepEqual(at(patch, 'x-kubernetes-group-version-kind'), {
    group: 'holt.dev',
    version: 'v1alpha1',
    kind: 'UserVM',
  });
  t.is(at(patch, 'x-kubernetes-action'), 'patch');
  const parameters = at(patch, 'parameters');
  const names = Array.isArray(parameters) ? parameters.map((parameter) => at(parameter, 'name')) : [];
  for (const name of ['fieldValidation', 'dryRun', 'fieldManager']) t.true(names.includes(name), name);
});

test("a kind's component has its fields' docs and none of Holt's own keywords", (t) => {
  const whole = document('/openapi/v3/apis/holt.dev/v1alpha1');
  const component = at(whole, 'components', 'schemas', 'dev.holt.v1alpha1.UserVM');
  t.is(
    at(component, 'properties', 'spec', 'properties', 'memory', 'description'),
    'Guest memory, e.g. "1Gi".',
  );
  t.deepEqual(at(component, 'properties', 'metadata', 'allOf'), [
    { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
  ]);
  t.notRegex(JSON.stringify(whole), /x-holt/);
});

test('every field of a custom kind says what it is', (t) => {
  const { definitions } = document('/openapi/v2');
  for (const [name, component] of Object.entries(isRecord(definitions) ? definitions : {})) {
    if (name.startsWith('dev.holt.')) t.deepEqual(undocumented(component, name), []);
  }
});

function undocumented(schema: unknown, path: string): string[] {
  const properties = at(schema, 'properties');
  return Object.entries(isRecord(properties) ? properties : {}).flatMap(([name, child]) => {
    const own = typeof at(child, 'description') === 'string' ? [] : [`${path}.${name}`];
    return [
      ...own,
      ...undocumented(child, `${path}.${name}`),
      ...undocumented(at(child, 'items'), `${path}.${name}[]`),
    ];
  });
}

test('v2 leaves open what it cannot say', (t) => {
  const { definitions } = document('/openapi/v2');
  for (const object of objectsIn(definitions)) t.false('nullable' in object && object.nullable === true);
  t.is(at(definitions, 'io.k8s.api.core.v1.Node', 'properties', 'status', 'properties'), undefined);
});

test('v2 in protobuf says the same as in JSON', (t) => {
  const answer = get('/openapi/v2', OLD_PROTOBUF);
  t.is(answer?.contentType, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
  const decoded = decodeMessage(Buffer.from(answer?.body ?? ''), 'Document', SWAGGER_MESSAGES);
  const { paths, definitions } = document('/openapi/v2');
  const namesOf = (list: unknown) => (Array.isArray(list) ? list.map((entry) => at(entry, 'name')) : []);
  t.deepEqual(namesOf(at(decoded, 'paths', 'path')), Object.keys(isRecord(paths) ? paths : {}));
  t.deepEqual(
    namesOf(at(decoded, 'definitions', 'additionalProperties')),
    Object.keys(isRecord(definitions) ? definitions : {}),
  );
});

test('v2: JSON for those who like it better', (t) => {
  t.is(get('/openapi/v2', `application/json, ${OLD_PROTOBUF};q=0.5`)?.contentType, 'application/json');
  t.is(get('/openapi/v2', '*/*')?.contentType, 'application/json');
});
