import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { MapFile, readMapFile } from './map-file.ts';
import { planRoutes } from './plan-routes.ts';
import { fakeContainer, fakeUserVm } from './testing/fake-route-source.ts';

test('a table is read as it was written; a missing file is an empty table', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holt-map-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'routes.map');
  t.is((await readMapFile(path)).size, 0);
  const table = planRoutes(
    [fakeUserVm({ user: 'alice', ip: '10.66.1.1' })],
    [fakeContainer('alice', 'live')],
    '10.66.0.0/16',
  );
  const file = new MapFile(path, (error) => t.fail(String(error)));
  await file.replace(new Map());
  await file.replace(table);
  await file.settled();
  t.deepEqual(await readMapFile(path), table);
  t.deepEqual(await readdir(folder), ['routes.map']);
  await t.throwsAsync(
    new MapFile(join(folder, 'none', 'x'), (error) => t.fail(String(error))).replace(table),
    { code: 'ENOENT' },
  );
  await writeFile(path, 'garbage\nalice/live ready|torn\n\n');
  t.is((await readMapFile(path)).size, 0);
});
