import fc from 'fast-check';
import { KIND_SEEDS } from './kind-seeds.ts';
import { mutated, mutatedObject, mutatedText } from './mutate.ts';
import type { RawRequest } from './raw-connection.ts';
import {
  collectionPath,
  JSON_TEXTS,
  KINDS,
  LEASE,
  LEASE_PATH,
  PATCHES,
  protobufSeeds,
  seedObject,
  YAML_TEXTS,
} from './seeds.ts';
import { tokens } from './token-reviews.ts';

const NOTHING = Buffer.alloc(0);
const WATCH_LIST =
  'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';

function get(path: string, headers: RawRequest['headers'] = []): RawRequest {
  return { method: 'GET', path, headers, body: NOTHING };
}

/** Nothing in a path or a header value may end the line. */
const inLine = (text: string) => text.replace(/[ \r\n]/g, '+');

const writeQuery = fc.constantFrom(
  '',
  '?dryRun=All',
  '?fieldValidation=Strict',
  '?fieldValidation=Ignore&dryRun=All',
);

/** Bodies of one type, sent to create, replace, and delete with options. */
function bodies(type: string, body: fc.Arbitrary<Buffer>): fc.Arbitrary<RawRequest> {
  const where = fc.constantFrom(
    ...KINDS.flatMap((definition): [string, string][] => [
      ['POST', collectionPath(definition)],
      ['PUT', `${collectionPath(definition)}/seed`],
    ]),
    ['DELETE', `${LEASE_PATH}/seed`] as [string, string],
    ['PUT', `${collectionPath(KINDS[0] ?? never())}/fuzz/finalize`] as [string, string],
    ['POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews'] as [string, string],
    ['POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews'] as [string, string],
    ['POST', '/apis/authentication.k8s.io/v1/tokenreviews'] as [string, string],
  );
  return fc.tuple(where, writeQuery, body).map(([[method, path], query, bytes]) => ({
    ...{ method, path: path + query, body: bytes },
    headers: [['Content-Type', type]],
  }));
}

function never(): never {
  throw new RangeError('no kind is served');
}

const objectBytes = KINDS.map((definition) => Buffer.from(JSON.stringify(seedObject(definition))));
const jsonBody = fc.oneof(
  mutatedObject(KINDS.map(seedObject)),
  mutated(objectBytes),
  mutated(JSON_TEXTS.map((text) => Buffer.from(text))),
);

const patches = fc.constantFrom(...Object.entries(PATCHES)).chain(([type, seeds]) =>
  fc
    .tuple(
      fc.oneof(mutatedObject(seeds), mutated(seeds.map((seed) => Buffer.from(JSON.stringify(seed))))),
      fc.constantFrom('', '?dryRun=All', '?fieldManager=f', '?fieldManager=f&force=true'),
      fc.constantFrom(`${LEASE_PATH}/patched`, collectionPath(KINDS[0] ?? never()).concat('/fuzz')),
    )
    .map(
      ([body, query, path]): RawRequest => ({
        ...{ method: 'PATCH', path: path + query, body },
        headers: [['Content-Type', type]],
      }),
    ),
);

/** Objects of their own kind, made, replaced, patched and applied. */
const kinds = fc.constantFrom(...KIND_SEEDS).chain(({ path, object }) => {
  const { metadata } = object as { metadata?: { name: string } };
  const one = `${path}/${metadata?.name ?? ''}`;
  const how = fc.constantFrom<[string, string, string]>(
    ['POST', path, 'application/json'],
    ['POST', path, 'application/json'],
    ['PUT', one, 'application/json'],
    ['PATCH', one, 'application/strategic-merge-patch+json'],
    ['PATCH', one, 'application/merge-patch+json'],
    ['PATCH', `${one}?fieldManager=f`, 'application/apply-patch+yaml'],
  );
  return fc.tuple(how, mutatedObject([object])).map(
    ([[method, target, type], body]): RawRequest => ({
      ...{ method, path: target, body },
      headers: [['Content-Type', type]],
    }),
  );
});

const LABEL_SELECTORS = ['a=b,c!=d', 'a in (b,c),!d,e', 'x notin (,y)', 'holt.dev/part>1,n<2', 'a==b'];
const FIELD_SELECTORS = [
  'metadata.name=a,metadata.namespace!=b',
  'metadata.name==a\\,b\\\\',
  'spec.unschedulable=false',
];
const selectors = fc
  .tuple(
    fc.constantFrom('labelSelector', 'fieldSelector'),
    mutatedText([...LABEL_SELECTORS, ...FIELD_SELECTORS]),
    fc.constantFrom('', '', '&limit=2', '&limit=1', `&${WATCH_LIST}`),
    fc.constantFrom(LEASE_PATH, '/api/v1/nodes', '/api/v1/events', '/apis/holt.dev/v1alpha1/uservms'),
  )
  .map(([name, text, more, path]) => get(`${path}?${name}=${encodeURIComponent(text)}${more}`));

const TOKENS = [
  { v: 1, rv: 5, after: 'a' },
  { v: 1, rv: -1, after: '../../core/secrets/' },
  { v: 2, rv: 1e15, after: '' },
].map((token) => Buffer.from(JSON.stringify(token)));
const continueTokens = fc
  .oneof(
    mutated(TOKENS).map((bytes) => bytes.toString('base64url')),
    mutatedText(TOKENS.map((bytes) => bytes.toString('base64url'))),
  )
  .map((token) => get(`${LEASE_PATH}?limit=1&continue=${encodeURIComponent(token)}`));

const QUERIES = [
  WATCH_LIST,
  'resourceVersion=1&resourceVersionMatch=Exact&limit=3',
  'watch&timeoutSeconds=1&resourceVersion=2',
  'pretty=true&includeObject=Object&limit=0',
  'dryRun=All&dryRun=All&fieldValidation=Strict&fieldManager=x&force=true',
  'gracePeriodSeconds=0&propagationPolicy=Foreground&orphanDependents=true',
];
const queries = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
    fc.constantFrom(LEASE_PATH, `${LEASE_PATH}/patched`, '/openapi/v3', '/readyz', '/version', '/metrics'),
    mutatedText(QUERIES),
  )
  .map(([method, path, query]): RawRequest => ({ ...get(`${path}?${inLine(query)}`), method }));

const PATHS = [
  `${LEASE_PATH}/patched`,
  '/api/v1/namespaces/fuzz/events/a/status',
  '/apis/holt.dev/v1alpha1/namespaces/fuzz/uservms/a/commit',
  '/apis/apps/v1/deployments',
  '/openapi/v3/apis/holt.dev/v1alpha1?hash=x',
  '/api/v1/watch/namespaces/fuzz/events',
  '//api//v1/./namespaces/../nodes/%2e%2e/x',
  'https://evil.example/api/v1/nodes',
  '/livez/etcd?verbose',
  '*',
];
const paths = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'TRACE', 'CONNECT', 'PROPFIND'),
    mutatedText(PATHS),
  )
  .map(([method, path]): RawRequest => ({ ...get(inLine(path)), method }));

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  Accept: [
    'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    'application/vnd.kubernetes.protobuf, */*;q=0.1',
    'application/yaml;q=0.5',
    'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
    'application/cbor',
  ],
  'Content-Type': [
    'application/json; charset=utf-8',
    'application/apply-patch+yaml',
    'multipart/form-data; boundary=x',
  ],
  'Impersonate-User': ['system:serviceaccount:default:x', 'admin'],
  'Impersonate-Group': ['system:masters'],
  'Impersonate-Uid': ['1'],
  'Impersonate-Extra-Scopes%2fx': ['a'],
  Authorization: ['Bearer eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA', 'Basic YTpi', 'Bearer '],
  'If-None-Match': ['"abc"', 'W/"x", *'],
  'Accept-Encoding': ['gzip, br;q=0.5'],
  Traceparent: ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
  'X-Forwarded-For': ['127.0.0.1'],
  Origin: ['null'],
  Upgrade: ['websocket'],
};
const headers = fc
  .tuple(
    fc.constantFrom<[string, string]>(
      ['GET', LEASE_PATH],
      ['GET', `${LEASE_PATH}/patched`],
      ['GET', '/apis'],
      ['GET', '/openapi/v3'],
      ['GET', '/openapi/v2'],
      ['GET', `${LEASE_PATH}?watch=1&timeoutSeconds=1`],
      ['POST', LEASE_PATH],
      ['PUT', `${LEASE_PATH}/patched`],
      ['PATCH', `${LEASE_PATH}/patched`],
    ),
    fc.array(
      fc
        .constantFrom(...Object.entries(HEADERS))
        .chain(([name, values]) => fc.tuple(fc.constant(name), mutatedText(values))),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(
    ([[method, path], chosen]): RawRequest => ({
      ...get(path, chosen),
      method,
      body: method === 'GET' ? NOTHING : Buffer.from(JSON.stringify(LEASE)),
    }),
  );

/** What is fuzzed: a name, and the requests. */
export const TARGETS: Readonly<Record<string, fc.Arbitrary<RawRequest>>> = {
  json: bodies('application/json', jsonBody),
  yaml: bodies(
    'application/yaml',
    fc.oneof(mutated(YAML_TEXTS.map((text) => Buffer.from(text))), mutated(objectBytes)),
  ),
  protobuf: bodies('application/vnd.kubernetes.protobuf', mutated(protobufSeeds())),
  kinds,
  patches,
  selectors,
  continueTokens,
  queries,
  paths,
  headers,
  tokens,
};
