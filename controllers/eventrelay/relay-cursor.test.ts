import test from 'ava';
import { isConflict } from '../../api/client/index.ts';
import { TestClock } from '../runtime/testing/test-clock.ts';
import { RelayCursor } from './relay-cursor.ts';
import { FakeEventApi } from './testing/fake-event-api.ts';

const { signal } = new AbortController();

function setUp() {
  const api = new FakeEventApi();
  const client = {
    get: () => api.getCursor(),
    create: (_: unknown, object: Parameters<FakeEventApi['createCursor']>[0]) => api.createCursor(object),
    update: (_: unknown, object: Parameters<FakeEventApi['updateCursor']>[0]) => api.updateCursor(object),
  } as unknown as ConstructorParameters<typeof RelayCursor>[0]['client'];
  const cursorOf = (holder: string) =>
    new RelayCursor({ client, name: 'holt-event-relay', holder, clock: new TestClock() });
  return { api, cursorOf };
}

test('a claim says where to go on; before it nothing is saved', async (t) => {
  const { api, cursorOf } = setUp();
  const first = cursorOf('one');
  await t.throwsAsync(first.save(7), { message: /claimed before/ });
  t.is(await first.claim(signal), undefined);
  await first.save(7);
  t.like(api.cursor?.data, { holder: 'one', revision: '7' });
  t.is(await cursorOf('two').claim(signal), 7);
  t.like(api.cursor?.data, { holder: 'two', revision: '7' });
});

test('a claim fences off whoever held the cursor before, until it claims again', async (t) => {
  const { api, cursorOf } = setUp();
  const [one, two] = [cursorOf('one'), cursorOf('two')];
  await one.claim(signal);
  await one.save(5);
  await two.claim(signal);
  t.true(isConflict(await t.throwsAsync(one.save(9))));
  await two.save(6);
  t.is(api.cursor?.data?.revision, '6');
  t.is(await one.claim(signal), 6);
  await one.save(9);
  t.true(isConflict(await t.throwsAsync(two.save(7))));
  t.is(api.cursor?.data?.revision, '9');
});

test('a cursor that cannot be read counts as none', async (t) => {
  for (const revision of ['', 'seven', '-1', '1.5', '99999999999999999999']) {
    const { api, cursorOf } = setUp();
    await cursorOf('one').claim(signal);
    if (api.cursor !== undefined) api.cursor = { ...api.cursor, data: { revision } };
    t.is(await cursorOf('two').claim(signal), undefined, revision);
  }
});
