import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { decodeProtectedHeader } from 'jose';
import { secretDefinition } from '../crds/secret/definition.ts';
import { openKv } from './storage/etcd/failover-kv.ts';
import { prefixEnd, resourcePrefix } from './storage/keys.ts';
import { type ApiAddress, JsonConnection, type JsonRequest } from './testing/json-connection.ts';
import {
  type MainHost,
  type MainProcess,
  mainReady,
  prepareMainHost,
  startMain,
} from './testing/main-host.ts';
import { reloaded } from './testing/main-metrics.ts';
import { createKeyPem } from './testing/test-keys.ts';
import { waitUntil } from './testing/wait-until.ts';
import { type FeedEvent, openFeed } from './testing/watch-feed.ts';

const DEFAULT = '/api/v1/namespaces/default';
const SECRETS = `${DEFAULT}/secrets`;
const PREFIX = resourcePrefix(secretDefinition);

let host: MainHost;
let server: MainProcess;
let admin: ApiAddress;
let connection: JsonConnection;

const pkiFile = (name: string) => join(host.dir, 'pki', name);

async function start(): Promise<void> {
  server = startMain('--config', host.config);
  await mainReady(host.port);
  await waitUntil('the namespace', async () => (await send('GET', DEFAULT)).code === 200);
}

test.before(async () => {
  host = await prepareMainHost();
  admin = { port: host.port, ...host.client };
  connection = new JsonConnection(admin, 10_000);
  await start();
});
test.after.always(async () => {
  connection?.close();
  server?.child.kill('SIGKILL');
  await host?.dispose();
});

function send(method: string, path: string, body?: object) {
  const request: JsonRequest = { method, path, ...(body === undefined ? {} : { body }) };
  return connection.send(request);
}

async function newToken(): Promise<string> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
  const { code, json } = await send('POST', `${DEFAULT}/serviceaccounts/robot/token`, body);
  if (code !== 201) throw new Error(JSON.stringify(json));
  return json.status.token;
}

async function counts(token: string): Promise<boolean> {
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
  const { json } = await send('POST', '/apis/authentication.k8s.io/v1/tokenreviews', body);
  return json.status.authenticated === true;
}

/** Does something without pause; `stop` gives how often, and what went wrong. */
function steadily(work: () => Promise<unknown>): { stop(): Promise<{ count: number; problems: unknown[] }> } {
  let isOver = false;
  const run = async () => {
    const problems: unknown[] = [];
    let count = 0;
    for (; !isOver; count += 1) {
      const problem = await work().catch(String);
      if (problem !== undefined) problems.push(problem);
    }
    return { count, problems };
  };
  const ended = run();
  return {
    stop: () => {
      isOver = true;
      return ended;
    },
  };
}

test.serial('the key of service-account tokens rotates under use', async (t) => {
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } };
  t.is((await send('POST', `${DEFAULT}/serviceaccounts`, body)).code, 201);
  const old = await newToken();
  const use = steadily(async () => ((await counts(old)) ? undefined : 'refused'));
  const [{ privateKey: oldKey, publicKey: oldPublic }, next] = [host.serviceAccountKey, createKeyPem()];

  // Half of the new, then what is no key: the one before signs and verifies.
  await writeFile(pkiFile('sa.key'), next.privateKey.slice(0, 60));
  await reloaded(admin, 'service-account-keys', 'failure', 1);
  t.is(decodeProtectedHeader(await newToken()).kid, decodeProtectedHeader(old).kid);
  await writeFile(pkiFile('sa.key'), oldKey);

  await writeFile(pkiFile('sa.pub'), `${oldPublic}${next.publicKey}`);
  await reloaded(admin, 'service-account-keys', 'success', 1);
  await writeFile(pkiFile('sa.key'), next.privateKey);
  await reloaded(admin, 'service-account-keys', 'success', 2);
  const fresh = await newToken();
  const ids = [old, fresh].map((token) => decodeProtectedHeader(token).kid);
  t.not(ids[0], ids[1]);
  t.deepEqual([await counts(old), await counts(fresh)], [true, true]);
  const { json } = await send('GET', '/openid/v1/jwks');
  t.deepEqual(json.keys.map(({ kid }) => kid).sort(), ids.toSorted());
  const { count, problems } = await use.stop();
  t.deepEqual(problems, []);
  t.true(count > 10);

  await writeFile(pkiFile('sa.pub'), next.publicKey);
  await waitUntil('the old token to end', async () => !(await counts(old)));
  t.true(await counts(fresh));
});

async function sealedUnder(): Promise<readonly string[]> {
  const raw = openKv(host.etcd.connection);
  try {
    const { items } = await raw.range({ key: PREFIX, rangeEnd: prefixEnd(PREFIX) });
    return items.map(
      ({ value }) => /^holt:enc:aesgcm:v1:([^:]+):/.exec(value.toString('latin1'))?.[1] ?? 'clear',
    );
  } finally {
    raw.close();
  }
}

function secret(name: string, word: string): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { word } };
}

async function words(): Promise<Readonly<Record<string, string>>> {
  const { code, json } = await send('GET', SECRETS);
  if (code !== 200) throw new Error(JSON.stringify(json));
  const pairs = json.items.map(({ metadata, data }) => [
    metadata.name,
    Buffer.from(data?.word ?? '', 'base64').toString(),
  ]);
  return Object.fromEntries(pairs);
}

test.serial('the key of Secrets rotates under writes and an open watch', async (t) => {
  for (const name of ['a', 'b', 'busy']) t.is((await send('POST', SECRETS, secret(name, 'first'))).code, 201);
  t.deepEqual([...new Set(await sealedUnder())], ['first']);
  const kinds: string[] = [];
  const seen: number[] = [];
  const path = `${SECRETS}?watch=1&fieldSelector=metadata.name=busy`;
  const onEvent = ({ type, object }: FeedEvent) => {
    kinds.push(type);
    seen.push(Number(Buffer.from(object.data?.word ?? '', 'base64').toString()));
  };
  const feed = openFeed({ address: admin, path, onEvent, onEnd: () => kinds.push('ENDED') });
  t.teardown(feed.close);
  let written = 0;
  const writing = steadily(async () => {
    const { code } = await send('PUT', `${SECRETS}/busy`, secret('busy', String(written + 1)));
    if (code !== 200) return code;
    written += 1;
    return undefined;
  });

  const [first, second] = [host.encryptionKey, { id: 'second', secret: randomBytes(32).toString('base64') }];
  const writeKeys = (...keys: object[]) =>
    writeFile(pkiFile('encryption-keys.json'), JSON.stringify({ keys }));
  await writeKeys({ id: 'short', secret: 'AAAA' });
  await reloaded(admin, 'encryption-keys', 'failure', 1);
  t.deepEqual([...new Set(await sealedUnder())], ['first']);
  await writeKeys(second, first);
  await waitUntil('all to be sealed anew', async () => (await sealedUnder()).every((id) => id === 'second'));
  await writeKeys(second);
  await reloaded(admin, 'encryption-keys', 'success', 2);
  const { count, problems } = await writing.stop();
  t.deepEqual(problems, []);
  t.true(count > 10);
  t.deepEqual(await words(), { a: 'first', b: 'first', busy: String(written) });
  await waitUntil('the last write to be seen', () => seen.at(-1) === written);
  t.deepEqual([...new Set(kinds)], ['ADDED', 'MODIFIED']);
  const changes = seen.filter((each) => !Number.isNaN(each));
  t.deepEqual(
    [...new Set(changes)],
    Array.from({ length: written }, (_, index) => index + 1),
    'none is missed',
  );
  t.deepEqual(
    changes.toSorted((a, b) => a - b),
    changes,
    'in order',
  );

  server.child.kill('SIGTERM');
  t.is(await server.exit, 0);
  t.regex(server.stderr(), /^$/);
  await start();
  t.deepEqual(
    await words(),
    { a: 'first', b: 'first', busy: String(written) },
    'the old key is needed no more',
  );
});
