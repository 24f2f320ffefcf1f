import test from 'ava';
import { startTestApi, type TestApi, type TestObject } from '../testing/test-api.ts';
import { waitUntil } from '../testing/wait-until.ts';

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

const VMS = '/apis/holt.dev/v1alpha1/namespaces/default/uservms';
const EVENTS = '/api/v1/namespaces/default/events';

async function createVm(name: string): Promise<TestObject> {
  const body = { apiVersion: 'holt.dev/v1alpha1', kind: 'UserVM', metadata: { name }, spec: { user: name } };
  return (await api.send({ method: 'POST', path: VMS, body })).json;
}

function commit(name: string, status: TestObject, events: readonly TestObject[], metadata: TestObject = {}) {
  const body = {
    apiVersion: 'holt.dev/v1alpha1',
    kind: 'StatusCommit',
    metadata,
    status,
    events,
    reportingComponent: 'holt-node',
    reportingInstance: 'node-1',
  };
  return api.send({ method: 'POST', path: `${VMS}/${name}/commit`, body });
}

const eventsOf = async (name: string): Promise<TestObject[]> =>
  (await api.send({ path: `${EVENTS}?fieldSelector=involvedObject.name%3D${name}` })).json.items;

const booted = { type: 'Normal', reason: 'Booted', message: 'the guest answers' };
const failing = { type: 'Warning', reason: 'BootTimeout', message: 'no answer' };

test('status and events are written in one revision', async (t) => {
  const vm = await createVm('together');
  const { code, json } = await commit('together', { phase: 'Running' }, [booted, failing]);
  t.is(code, 200);
  t.is(json.status.phase, 'Running');
  t.is(json.metadata.generation, 1);
  const events = await eventsOf('together');
  t.is(events.length, 2);
  for (const event of events) {
    t.is(event.metadata.resourceVersion, json.metadata.resourceVersion);
    t.regex(event.metadata.name, /^together\.[0-9a-f]{16}$/);
    t.is(event.involvedObject.uid, vm.metadata.uid);
    t.is(event.source.component, 'holt-node');
    t.is(event.count, 1);
  }
});

test('an equal event is counted up, also when it comes without a change of the status', async (t) => {
  await createVm('repeated');
  await commit('repeated', { phase: 'Booting' }, [failing]);
  for (const count of [2, 3]) {
    await waitUntil('the cache to know the event', async () => {
      const cached = await api.send({
        path: `${EVENTS}?resourceVersion=0&fieldSelector=involvedObject.name%3Drepeated`,
      });
      return cached.json.items[0]?.count === count - 1;
    });
    await commit('repeated', { phase: 'Booting' }, [failing]);
  }
  const events = await eventsOf('repeated');
  t.is(events.length, 1);
  t.is(events[0].count, 3);
});

test('a commit of nothing new writes nothing', async (t) => {
  await createVm('quiet');
  const first = await commit('quiet', { phase: 'Pending' }, []);
  const second = await commit('quiet', { phase: 'Pending' }, []);
  t.is(second.json.metadata.resourceVersion, first.json.metadata.resourceVersion);
});

test('preconditions: another revision or another object is 409, and writes no event', async (t) => {
  const vm = await createVm('guarded');
  const { resourceVersion } = vm.metadata;
  t.is((await commit('guarded', { phase: 'Pending' }, [], { resourceVersion })).code, 200);
  t.is((await commit('guarded', { phase: 'Running' }, [booted], { resourceVersion })).code, 409);
  t.is((await commit('guarded', { phase: 'Running' }, [booted], { uid: 'another' })).code, 409);
  t.deepEqual(await eventsOf('guarded'), []);
});

test('a commit for an object that is not there is 404, a malformed one 400', async (t) => {
  t.is((await commit('nobody', {}, [])).code, 404);
  await createVm('malformed');
  t.is((await commit('malformed', {}, [{ type: 'Odd', reason: 'x', message: '' }])).code, 400);
  t.is((await commit('malformed', { phase: 'Odd' }, [])).code, 422);
});

test('wake makes a VM in standby run, and changes nothing of any other VM', async (t) => {
  const wake = (name: string) => api.send({ method: 'POST', path: `${VMS}/${name}/wake`, body: {} });
  for (const powerState of ['Standby', 'Stopped', 'Paused']) {
    const name = `to-wake-${powerState.toLowerCase()}`;
    await createVm(name);
    const patch = { method: 'PATCH', path: `${VMS}/${name}`, body: { spec: { powerState } } };
    const { json: before } = await api.send({
      ...patch,
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    const { code, json } = await wake(name);
    t.is(code, 200);
    const isWoken = powerState === 'Standby';
    t.is(json.spec.powerState, isWoken ? 'Running' : powerState);
    t.is(json.metadata.generation, isWoken ? 3 : 2);
    if (!isWoken) t.is(json.metadata.resourceVersion, before.metadata.resourceVersion);
  }
  t.is((await wake('nobody')).code, 404);
});
