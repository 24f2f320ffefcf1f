import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type AccessLogEntry, parseAccessLog } from './access-log.ts';
import { FirstRequests } from './first-requests.ts';
import { planRoutes } from './plan-routes.ts';
import { fakeUserVm } from './testing/fake-route-source.ts';

function entry(change: Record<string, unknown> = {}): AccessLogEntry {
  const numbers = ['accept', 'handshake', 'idle', 'request', 'queue', 'connect', 'response', 'total'];
  const line = {
    ...{
      user: 'alice',
      vm_id: 'vm-alice',
      container_name: 'c',
      route: 'live',
      boot_id: 'boot-alice',
      reason: '-',
    },
    ...{ guest_reason: '-', traceparent: '-', method: 'GET', path: '/', ended: '--', status: 200 },
    ...Object.fromEntries(numbers.map((name) => [`${name}_ms`, 0])),
    ...{ bytes_sent: 0, bytes_received: 0 },
    ...change,
  };
  const parsed = parseAccessLog(JSON.stringify(line));
  if (parsed === undefined) throw new Error('not a line');
  return parsed;
}

test('the first success of each boot and target, over restarts', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holt-first-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'first.json');
  const table = planRoutes([fakeUserVm({ user: 'alice', ip: '10.66.1.1' })], [], '10.66.0.0/16');

  const first = await FirstRequests.open(path);
  t.false(first.isFirst(entry({ status: 500 })));
  t.false(first.isFirst(entry({ reason: 'vm-starting' })));
  t.true(first.isFirst(entry()));
  t.false(first.isFirst(entry()));
  t.true(first.isFirst(entry({ route: 'dev' })));
  t.true(first.isFirst(entry({ boot_id: 'gone' })));
  await first.save(table);

  const second = await FirstRequests.open(path);
  t.false(second.isFirst(entry()));
  t.false(second.isFirst(entry({ route: 'dev' })));
  t.true(second.isFirst(entry({ boot_id: 'gone' })), 'boots that no route has are forgotten');

  await writeFile(path, '{damaged');
  t.true((await FirstRequests.open(path)).isFirst(entry()));
});
