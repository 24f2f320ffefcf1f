import test from 'ava';
import { readinessProbeSchema } from '../../crds/sandboxcontainer/definition.ts';
import { settle, TestClock } from '../runtime/testing/test-clock.ts';
import { Prober, type ProbeSubject } from './prober.ts';

function setUp(answer: () => Promise<string | undefined>) {
  const clock = new TestClock();
  const changes: string[] = [];
  let probes = 0;
  const prober = new Prober({
    clock,
    random: () => 0.5,
    probe: () => {
      probes += 1;
      return answer();
    },
    onChange: (key) => changes.push(key),
    onProbed: () => {},
  });
  const subject: ProbeSubject = {
    key: 'default/live',
    instance: 'c1@1',
    socketPath: '/nonexistent',
    address: '10.89.0.10',
    probe: readinessProbeSchema.parse({ httpGet: { port: 80 } }),
    wasReady: false,
  };
  return { clock, prober, subject, changes, probeCount: () => probes };
}

test('until the first success it asks often, then once a period', async (t) => {
  let failure: string | undefined = 'refused';
  const { clock, prober, subject, changes, probeCount } = setUp(async () => failure);
  prober.watch('uid', subject);
  await clock.advance(3_000);
  t.true(probeCount() >= 6);
  t.deepEqual(changes, []);
  failure = undefined;
  await clock.advance(500);
  t.deepEqual(changes, ['default/live']);
  t.true(prober.watch('uid', subject).isReady);
  const before = probeCount();
  await clock.advance(20_000);
  t.is(probeCount() - before, 4);
});

test('a container that never answers is called failing after the declared time', async (t) => {
  const { clock, prober, subject, changes } = setUp(async () => 'refused');
  prober.watch('uid', subject);
  await clock.advance(10_000);
  t.false(prober.watch('uid', subject).isFailing);
  await clock.advance(6_000);
  t.true(prober.watch('uid', subject).isFailing);
  t.deepEqual(changes, ['default/live']);
});

test('one probe at a time, however long it takes', async (t) => {
  const { clock, prober, subject, probeCount } = setUp(() => new Promise(() => {}));
  prober.watch('uid', subject);
  await clock.advance(60_000);
  prober.watch('uid', subject);
  await clock.advance(60_000);
  t.is(probeCount(), 1);
});

test('a new process begins with what the status says; a new run begins anew', async (t) => {
  const { prober, subject } = setUp(() => new Promise(() => {}));
  t.true(prober.watch('uid', { ...subject, wasReady: true }).isReady);
  t.false(prober.watch('uid', { ...subject, instance: 'c1@2' }).isReady);
});

test('a changed probe keeps readiness until it says otherwise', async (t) => {
  const { clock, prober, subject } = setUp(async () => undefined);
  prober.watch('uid', subject);
  await clock.advance(100);
  const changed = { ...subject, probe: { ...subject.probe, httpGet: { path: '/other', port: 80 } } };
  t.true(prober.watch('uid', changed).isReady);
});

test('nothing is probed after the end', async (t) => {
  const { clock, prober, subject, probeCount } = setUp(async () => undefined);
  prober.watch('uid', subject);
  await settle();
  prober.stop();
  const before = probeCount();
  await clock.advance(60_000);
  t.is(probeCount(), before);
});
