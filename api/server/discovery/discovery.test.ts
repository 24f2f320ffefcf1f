import { readFile, writeFile } from 'node:fs/promises';
import test from 'ava';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { parseAccept } from './accept.ts';
import { discoveryResponse } from './discovery.ts';

const V2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const V2_BETA = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

function get(path: string, accept?: string) {
  return discoveryResponse(path, accept, ALL_DEFINITIONS);
}

/** Golden documents; HOLT_REWRITE_GOLDENS=1 writes them anew. */
const golden = new URL('testdata/discovery.json', import.meta.url);

test('the documents are those in testdata', async (t) => {
  const paths = [
    '/api',
    '/apis',
    '/api/v1',
    '/apis/holt.dev',
    '/apis/holt.dev/v1alpha1',
    '/apis/authorization.k8s.io/v1',
  ];
  const documents = Object.fromEntries([
    ...paths.map((path) => [path, JSON.parse(get(path, 'application/json')?.body ?? 'null')]),
    ...['/api', '/apis'].map((path) => [`${path} aggregated`, JSON.parse(get(path, V2)?.body ?? 'null')]),
  ]);
  const text = `${JSON.stringify(documents, null, 2)}\n`;
  if (process.env.HOLT_REWRITE_GOLDENS === '1') await writeFile(golden, text);
  t.is(text, await readFile(golden, 'utf8'));
});

test('the form is the one that the client likes best', (t) => {
  t.is(get('/apis', `${V2},${V2_BETA},application/json`)?.contentType, V2);
  t.is(get('/apis', `${V2};profile=nopeer,${V2},${V2_BETA},application/json`)?.contentType, V2);
  t.is(get('/apis', `${V2_BETA},application/json`)?.contentType, V2_BETA);
  t.is(
    get('/apis', 'application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json')
      ?.contentType,
    'application/json',
  );
  t.is(get('/api', '*/*')?.contentType, 'application/json');
  t.is(get('/api')?.contentType, 'application/json');
});

test('other paths are not answered', (t) => {
  for (const path of [
    '/',
    '/api/v2',
    '/apis/absent',
    '/apis/holt.dev/v2',
    '/apis/v1',
    '/api/holt.dev/v1alpha1',
    '/apis/a/b/c',
  ]) {
    t.is(get(path), undefined, path);
  }
});

test('Accept is read by quality, then by order', (t) => {
  const types = (header: string) => parseAccept(header).map(({ type }) => type);
  t.deepEqual(types('a/b;q=0.5, c/d, e/f;q=0'), ['c/d', 'a/b']);
  t.deepEqual(parseAccept('Application/JSON; V="v1"'), [
    { type: 'application/json', parameters: { v: 'v1' } },
  ]);
  t.deepEqual(parseAccept(undefined), []);
});
