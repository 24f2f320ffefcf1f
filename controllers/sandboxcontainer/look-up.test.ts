import test from 'ava';
import { ApiError } from '../../api/client/index.ts';
import { createLookUp } from './look-up.ts';
import { FakeWorld } from './testing/fake-world.ts';

const FORBIDDEN = { code: 403, reason: 'Forbidden' };
const ABSENT = { code: 404, reason: 'NotFound' };

/** @param answers what the API server says of the container, and of the VM */
function ask(answers: { container: object; vm?: object }) {
  const world = new FakeWorld();
  const vm = world.addVm();
  world.addContainer('live');
  const client = {
    get: async ({ kind }: { kind: string }) => {
      const answer = kind === 'UserVM' ? answers.vm : answers.container;
      if (answer !== undefined && 'code' in answer) throw new ApiError('GET', answer as typeof ABSENT);
      return answer ?? (kind === 'UserVM' ? vm : world.object('live'));
    },
  };
  const lookUp = createLookUp(client as never, 'node-1');
  return lookUp(vm, { uid: 'uid-live', name: 'live' }, new AbortController().signal);
}

test('a container is there under its UID and name, or it is not', async (t) => {
  const object = { metadata: { uid: 'uid-live' }, spec: { role: 'live' } };
  t.is(await ask({ container: object }), 'live');
  t.is(await ask({ container: { ...object, metadata: { uid: 'another' } } }), undefined);
  t.is(await ask({ container: ABSENT }), undefined);
});

test('"forbidden" means that it is not there, while its VM is bound here, and nothing otherwise', async (t) => {
  t.is(await ask({ container: FORBIDDEN }), undefined);
  const moved = { metadata: { uid: 'vm-uid' }, status: { nodeName: 'node-2' } };
  await t.throwsAsync(ask({ container: FORBIDDEN, vm: moved }), { message: /not bound to node-1 any more/ });
  const another = { metadata: { uid: 'other' }, status: { nodeName: 'node-1' } };
  await t.throwsAsync(ask({ container: FORBIDDEN, vm: another }));
  await t.throwsAsync(ask({ container: FORBIDDEN, vm: FORBIDDEN }));
});

test('any other answer is none', async (t) => {
  await t.throwsAsync(ask({ container: { code: 503, reason: 'ServiceUnavailable' } }));
});
