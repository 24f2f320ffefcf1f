import test, { type ExecutionContext } from 'ava';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { ApiClient } from './api-client.ts';
import {
  ApiError,
  ApiUnreachableError,
  isAlreadyExists,
  isConflict,
  isGone,
  isNotFound,
} from './api-error.ts';
import { FakeApiServer } from './testing/fake-api-server.ts';
import { createTransport } from './transport.ts';

const vm: UserVm = {
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { namespace: 'team', name: 'alice' },
  spec: {
    user: 'alice',
    powerState: 'Running',
    cpus: 1,
    memory: '1Gi',
    guestImage: 'default',
    dataVolume: { size: '4Gi' },
  },
};
const stored = { ...vm, metadata: { ...vm.metadata, uid: 'u1', resourceVersion: '7' } };
const base = '/apis/holt.dev/v1alpha1/namespaces/team/uservms';

async function start(t: ExecutionContext) {
  const server = await FakeApiServer.start();
  const client = new ApiClient(
    createTransport({ server: server.url, headers: { authorization: 'Bearer x' } }),
  );
  t.teardown(async () => {
    await client.close();
    await server.close();
  });
  return { server, client };
}

test('each verb has its method, path and body', async (t) => {
  const { server, client } = await start(t);
  server.respond = () => ({ code: 200, body: stored });
  const name = { namespace: 'team', name: 'alice' };
  await client.get(userVmDefinition, name);
  await client.create(userVmDefinition, vm, { dryRun: true, fieldValidation: 'Strict' });
  await client.update(userVmDefinition, stored);
  await client.updateStatus(userVmDefinition, stored);
  await client.patch(userVmDefinition, name, { metadata: { labels: { a: null } } });
  await client.delete(userVmDefinition, name, {
    uid: 'u1',
    resourceVersion: '7',
    propagationPolicy: 'Foreground',
  });
  t.deepEqual(
    server.requests.map((request) => `${request.method} ${request.path}?${request.query}`),
    [
      `GET ${base}/alice?`,
      `POST ${base}?dryRun=All&fieldValidation=Strict`,
      `PUT ${base}/alice?`,
      `PUT ${base}/alice/status?`,
      `PATCH ${base}/alice?`,
      `DELETE ${base}/alice?`,
    ],
  );
  t.is(server.requests[4]?.headers['content-type'], 'application/merge-patch+json');
  t.is(server.requests[0]?.headers.authorization, 'Bearer x');
  t.deepEqual(server.requests[5]?.body, {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'u1', resourceVersion: '7' },
    propagationPolicy: 'Foreground',
  });
});

test('a status commit goes to the commit subresource', async (t) => {
  const { server, client } = await start(t);
  server.respond = () => ({ code: 200, body: stored });
  const answer = await client.commitStatus<UserVm>(
    userVmDefinition,
    { namespace: 'team', name: 'alice' },
    {
      apiVersion: 'holt.dev/v1alpha1',
      kind: 'StatusCommit',
      metadata: { uid: 'u1', resourceVersion: '6' },
      status: { phase: 'Scheduled' },
      events: [],
      reportingComponent: 'holt-manager',
      reportingInstance: 'host',
    },
  );
  t.is(answer.metadata.resourceVersion, '7');
  t.is(server.requests[0]?.path, `${base}/alice/commit`);
});

const refusals: Array<[number, string, (error: unknown) => boolean]> = [
  [404, 'NotFound', isNotFound],
  [409, 'Conflict', isConflict],
  [409, 'AlreadyExists', isAlreadyExists],
  [410, 'Expired', isGone],
];
for (const [code, reason, holds] of refusals) {
  test(`${code} ${reason} is told apart`, async (t) => {
    const { server, client } = await start(t);
    const details = { name: 'alice', causes: [{ field: 'spec.memory', message: 'negative' }] };
    server.respond = () => ({ code, body: { kind: 'Status', code, reason, message: 'because', details } });
    const error = await t.throwsAsync<ApiError>(
      client.get(userVmDefinition, { namespace: 'team', name: 'alice' }),
      {
        instanceOf: ApiError,
      },
    );
    t.deepEqual(
      refusals.filter(([, , other]) => other(error)).map(([, other]) => other),
      [reason],
    );
    t.true(holds(error));
    t.is(error.message, `GET ${base}/alice: because`);
    t.is(error.details?.causes?.[0]?.field, 'spec.memory');
  });
}

test('an answer of something in between keeps its words', async (t) => {
  const { server, client } = await start(t);
  server.respond = () => ({ code: 502, body: 'bad gateway' });
  const error = await t.throwsAsync<ApiError>(
    client.get(userVmDefinition, { namespace: 'team', name: 'alice' }),
  );
  t.is(error.code, 502);
  t.regex(error.message, /bad gateway/);
});

test('an answer that is no object is refused', async (t) => {
  const { server, client } = await start(t);
  server.respond = () => ({ code: 200, body: { hello: 'world' } });
  await t.throwsAsync(client.get(userVmDefinition, { namespace: 'team', name: 'alice' }), {
    message: /no UserVM/,
  });
});

test('no answer says what was attempted', async (t) => {
  const client = new ApiClient(createTransport({ server: 'http://127.0.0.1:1', headers: {} }));
  t.teardown(() => client.close());
  const error = await t.throwsAsync(client.get(userVmDefinition, { namespace: 'team', name: 'alice' }), {
    instanceOf: ApiUnreachableError,
  });
  t.regex(error.message, /^GET .*alice: no answer: .*ECONNREFUSED/);
});

test('a slow answer ends by the time-out, an aborted call with the reason of its signal', async (t) => {
  const { server, client } = await start(t);
  server.isSilent = true;
  const watch = client.watch(userVmDefinition, { signal: AbortSignal.timeout(50) });
  await t.throwsAsync(watch.next(), { name: 'TimeoutError' });
  const reason = new Error('not wanted any more');
  const aborted = client.get(
    userVmDefinition,
    { namespace: 'team', name: 'alice' },
    { signal: AbortSignal.abort(reason) },
  );
  t.is(await t.throwsAsync(aborted), reason);
});

test('a namespaced object without its namespace is a mistake of the caller', async (t) => {
  const { client } = await start(t);
  await t.throwsAsync(client.get(userVmDefinition, { name: 'alice' }), { instanceOf: TypeError });
});
