import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import test from 'ava';
import { type ApiAddress, JsonConnection } from './testing/json-connection.ts';
import { type MainHost, mainReady, prepareMainHost, startMain } from './testing/main-host.ts';
import { reloaded } from './testing/main-metrics.ts';
import { createTestPki, type TestPki } from './testing/test-pki.ts';
import { waitUntil } from './testing/wait-until.ts';
import { openFeed } from './testing/watch-feed.ts';

const SERVER = 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let host: MainHost;
let nextPki: TestPki;

test.before(async () => {
  host = await prepareMainHost();
  nextPki = await createTestPki(join(host.dir, 'next'));
});

test.after.always(() => host?.dispose());

const pkiFile = (name: string) => join(host.dir, 'pki', name);

/** The serial number of the certificate that a new connection is shown. */
function servedSerial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

function servesFile(name: string): Promise<void> {
  return waitUntil(`new connections to see ${name}`, async () => {
    const { serialNumber } = new X509Certificate(await readFile(pkiFile(name)));
    return (await servedSerial(host.port)) === serialNumber;
  });
}

/** One request over a connection of its own. */
async function codeFor(address: ApiAddress, path = CONFIG_MAPS): Promise<number> {
  const connection = new JsonConnection(address, 10_000);
  return connection
    .send({ method: 'GET', path })
    .then(({ code }) => code)
    .finally(() => connection.close());
}

async function replaceConfigMap(connection: JsonConnection, count: number): Promise<number> {
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'steady' },
    data: { count: `${count}` },
  };
  const { code } = await connection.send({ method: 'PUT', path: `${CONFIG_MAPS}/steady`, body });
  return code;
}

/** Writes without pause, by turns over a kept and a new connection; `stop` gives how many there were and what failed. */
function writeSteadily(address: ApiAddress): { stop(): Promise<{ count: number; failures: unknown[] }> } {
  const kept = new JsonConnection(address, 10_000);
  const failures: unknown[] = [];
  let isOver = false;
  const run = async () => {
    let count = 0;
    for (; !isOver; count += 1) {
      const connection = count % 2 === 0 ? kept : new JsonConnection(address, 10_000);
      const code = await replaceConfigMap(connection, count).catch(String);
      if (code !== 200) failures.push(code);
      if (connection !== kept) connection.close();
    }
    kept.close();
    return { count, failures };
  };
  const ended = run();
  return {
    stop: () => {
      isOver = true;
      return ended;
    },
  };
}

function openWatch(address: ApiAddress): { counts: string[]; isOver(): boolean; close(): void } {
  const counts: string[] = [];
  let isOver = false;
  const feed = openFeed({
    address,
    path: `${CONFIG_MAPS}?watch=1&fieldSelector=metadata.name=steady`,
    onEvent: ({ object }) => counts.push(object.data?.count ?? ''),
    onEnd: () => {
      isOver = true;
    },
  });
  return { counts, isOver: () => isOver, close: feed.close };
}

async function readFiles(names: readonly string[]): Promise<readonly Buffer[]> {
  return Promise.all(names.map((name) => readFile(pkiFile(name))));
}

async function writeFiles(names: readonly string[], contents: readonly Buffer[]): Promise<void> {
  for (const [index, name] of names.entries()) await writeFile(pkiFile(name), contents[index] ?? '');
}

/** A new certificate and key under the CA that the host was made with. */
async function issueFromHost(name: string, subject: string, extensions?: string): Promise<void> {
  const issued = await host.pki.issue(`${name}-next`, subject, extensions);
  await writeFiles([`${name}.key`, `${name}.crt`], [issued.key, issued.cert]);
}

test.serial('certificates, CAs and keys rotate under open watches and steady writes', async (t) => {
  const server = startMain('--config', host.config);
  t.teardown(() => server.child.kill('SIGKILL'));
  await mainReady(host.port);
  const oldCa = await readFile(pkiFile('ca.crt'));
  const newCa = await nextPki.ca();
  const bothCas = Buffer.concat([oldCa, newCa]);
  const old: ApiAddress = { port: host.port, ...host.client, ca: bothCas };
  const next: ApiAddress = {
    port: host.port,
    ...(await nextPki.issue('admin', '/O=system:masters/CN=holt-admin')),
    ca: bothCas,
  };
  const first = new JsonConnection(old, 10_000);
  await waitUntil('the namespace', async () => (await codeFor(old, '/api/v1/namespaces/default')) === 200);
  await first.send({
    method: 'POST',
    path: CONFIG_MAPS,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'steady' }, data: { count: 'none' } },
  });
  first.close();
  const watchOfOld = openWatch(old);
  t.teardown(watchOfOld.close);
  const writerOfOld = writeSteadily(old);

  const [firstCert = Buffer.alloc(0), firstKey = Buffer.alloc(0)] = await readFiles(['api.crt', 'api.key']);
  await issueFromHost('api', '/CN=holt-api', SERVER);
  await servesFile('api.crt');
  const served = await servedSerial(host.port);

  // A certificate without its key, then half a certificate: the ones before hold.
  await writeFile(pkiFile('api.crt'), firstCert);
  await reloaded(old, 'serving', 'failure', 1);
  await writeFile(pkiFile('api.crt'), firstCert.subarray(0, 200));
  await reloaded(old, 'serving', 'failure', 2);
  t.is(await servedSerial(host.port), served);
  await writeFiles(['api.key', 'api.crt'], [firstKey, firstCert]);
  await servesFile('api.crt');

  // What etcd does not trust is not taken; a new certificate under the CA that it trusts is.
  const foreign = await nextPki.issue('etcd-client', '/CN=holt-api');
  await writeFiles(['etcd-client.key', 'etcd-client.crt'], [foreign.key, foreign.cert]);
  await reloaded(old, 'etcd-client', 'failure', 1);
  await issueFromHost('etcd-client', '/CN=holt-api');
  await reloaded(old, 'etcd-client', 'success', 1);
  t.is(await codeFor(old), 200);

  // Both CAs: clients of either are good.
  t.is(await codeFor({ ...next, ca: oldCa }), 401);
  await writeFile(pkiFile('ca.crt'), bothCas);
  await waitUntil('a client of the new CA', async () => (await codeFor(next)) === 200);
  const watchOfNew = openWatch(next);
  t.teardown(watchOfNew.close);
  const writerOfNew = writeSteadily(next);
  const under = await nextPki.issue('api', '/CN=holt-api', SERVER);
  await writeFiles(['api.key', 'api.crt'], [under.key, under.cert]);
  await servesFile('api.crt');
  await waitUntil('the new watch to tell of writes', () => watchOfNew.counts.length > 1);
  t.false(watchOfOld.isOver());
  const ofOld = await writerOfOld.stop();

  // The new CA alone: what only the old one signed is ended, and nothing else.
  await writeFile(pkiFile('ca.crt'), newCa);
  await waitUntil('the watch of the old CA to end', watchOfOld.isOver);
  t.is(await codeFor({ ...old, ca: bothCas }), 401);
  const seen = watchOfNew.counts.length;
  await waitUntil('more events', () => watchOfNew.counts.length > seen);
  t.false(watchOfNew.isOver());
  const ofNew = await writerOfNew.stop();
  t.deepEqual([...ofOld.failures, ...ofNew.failures], []);
  t.true(ofOld.count > 10 && ofNew.count > 10);
  server.child.kill('SIGTERM');
  t.is(await server.exit, 0);
  t.regex(server.stderr(), /^$/);
});
