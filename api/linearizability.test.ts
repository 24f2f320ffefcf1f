import test from 'ava';
import { checkWatch } from './testing/linearizability/check-watch.ts';
import { FaultyServer } from './testing/linearizability/faults.ts';
import { PLANTED_BUGS } from './testing/linearizability/planted-bugs.ts';
import { PLANTED_WATCH_BUGS } from './testing/linearizability/planted-watches.ts';
import { type RunOptions, runAndCheck } from './testing/linearizability/run.ts';
import { type MainHost, prepareMainHost } from './testing/main-host.ts';

let host: MainHost;
let server: FaultyServer;

test.before(async () => {
  host = await prepareMainHost();
  server = new FaultyServer(host);
  await server.start();
});

test.after.always(async () => {
  await server?.kill();
  await host?.dispose();
});

const small = (): Omit<RunOptions, 'namespace'> => ({
  ...{ host, operationCount: 400, seed: 1, clientCount: 4, keyCount: 3 },
});

test.serial('10,000 operations under kills, cuts and stalls are linearizable', async (t) => {
  const { onProgress, settled } = server.schedule(500);
  const { anomalies, operations } = await runAndCheck({
    ...{ host, namespace: 'faults', operationCount: 10_000, seed: 7, clientCount: 16, keyCount: 8 },
    ...{ onProgress, settled },
  });
  t.deepEqual(anomalies, []);
  t.true(operations.length >= 10_000);
  for (const [fault, count] of Object.entries(server.counts)) t.true(count > 0, fault);
  const answered = operations.filter(({ outcome }) => outcome.kind !== 'unknown');
  t.log(`${answered.length} of ${operations.length} answered`, server.counts);
  t.true(answered.length > operations.length * 0.8);
});

test.serial('a watch that tells a change wrongly is caught, a right one is not', async (t) => {
  const { anomalies, log, watched } = await runAndCheck({ ...small(), namespace: 'calm' });
  t.deepEqual(anomalies, []);
  const [events = []] = watched;
  for (const { name, caughtAs, plant } of PLANTED_WATCH_BUGS) {
    const kinds = checkWatch(name, plant(events), log).map(({ kind }) => kind);
    t.true(kinds.includes(caughtAs), `${name}: ${kinds.join(', ')}`);
  }
});

for (const [index, { name, caughtAs, plantClient }] of PLANTED_BUGS.entries()) {
  test(`caught: ${name}`, async (t) => {
    const { anomalies } = await runAndCheck({ ...small(), namespace: `planted-${index}`, plantClient });
    t.true(
      anomalies.some(({ kind }) => kind === caughtAs),
      JSON.stringify(anomalies.slice(0, 3)),
    );
  });
}
