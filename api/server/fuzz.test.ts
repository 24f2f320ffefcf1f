import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fuzz } from '../testing/fuzz/fuzz.ts';
import { RawConnection, type RawRequest } from '../testing/fuzz/raw-connection.ts';
import { TARGETS } from '../testing/fuzz/targets.ts';
import { fuzzTokens } from '../testing/fuzz/token-issuer.ts';
import type { ApiAddress } from '../testing/json-connection.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';

const SEED = 20_260_101;
const RUNS = 1_000;

let api: TestApi;
let address: ApiAddress;

test.before(async () => {
  api = await startTestApi({ server: { tokens: fuzzTokens() } });
  const read = (name: string) => readFile(join(api.pki.dir, name));
  address = {
    port: api.port,
    cert: await read('admin.crt'),
    key: await read('admin.key'),
    ca: await read('ca.crt'),
  };
});

test.after.always(() => api?.dispose());

for (const target of Object.keys(TARGETS)) {
  test.serial(`no ${target} make the server fail`, async (t) => {
    const { problem, codes } = await fuzz(address, target, { runs: RUNS, seed: SEED });
    t.is(problem, undefined);
    t.log(codes);
  });
}

/** What was found by fuzzing, each by itself. */
const FOUND: readonly (readonly [string, Omit<RawRequest, 'body'> & { body: string }, number, RegExp])[] = [
  [
    'YAML that holds itself',
    {
      method: 'POST',
      path: '/api/v1/namespaces',
      headers: [['Content-Type', 'application/yaml']],
      body: 'kind: Namespace\napiVersion: v1\nmetadata: &m\n  name: x\n  self: *m\n',
    },
    400,
    /is not YAML/,
  ],
  [
    'YAML that grows with each line',
    {
      method: 'POST',
      path: '/api/v1/namespaces',
      headers: [['Content-Type', 'application/yaml']],
      body: Array.from({ length: 9 }, (_, level) => {
        const items = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*a${level - 1}`));
        return `k${level}: &a${level} [${items.join(',')}]\n`;
      }).join(''),
    },
    400,
    /is not YAML/,
  ],
  [
    'copies that double',
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/fuzz',
      headers: [['Content-Type', 'application/json-patch+json']],
      body: JSON.stringify([
        { op: 'add', path: '/metadata/annotations', value: { k: 'v' } },
        ...Array.from({ length: 60 }, (_, index) => ({
          ...{ op: 'copy', from: '/metadata/annotations', path: `/metadata/annotations/c${index}` },
        })),
      ]),
    },
    422,
    /accumulated size increase of copy/,
  ],
  [
    'a field of a string',
    {
      method: 'PATCH',
      path: '/api/v1/namespaces/fuzz',
      headers: [['Content-Type', 'application/json-patch+json']],
      body: JSON.stringify([{ op: 'add', path: '/metadata/name/x', value: 1 }]),
    },
    422,
    /metadata\/name\/x/,
  ],
  [
    'a tunnel',
    { method: 'CONNECT', path: 'example:443', headers: [], body: '' },
    405,
    /CONNECT is not supported/,
  ],
];

test.serial('what was found by fuzzing is answered with a reason', async (t) => {
  const connection = new RawConnection(address);
  t.teardown(() => connection.close());
  for (const [what, request, code, words] of FOUND) {
    const answer = await connection.exchange({ ...request, body: Buffer.from(request.body) });
    t.is(answer?.code, code, what);
    t.regex(JSON.parse(answer?.body.toString() ?? '').message, words, what);
  }
  const head = { method: 'HEAD', path: '/api/v1/namespaces?watch=true', headers: [], body: Buffer.alloc(0) };
  t.is((await connection.exchange(head))?.headers['content-type'], 'application/json');
  t.is(
    (await connection.exchange({ ...head, method: 'GET', path: '/readyz' }))?.code,
    200,
    'HEAD is over at once',
  );
});
