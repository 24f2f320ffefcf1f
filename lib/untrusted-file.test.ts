import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openUntrusted, UntrustedPathError } from './untrusted-file.ts';

test('a plain file is opened; links, second names, pipes and folders are not', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holt-untrusted-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  await writeFile(at('plain'), 'text');
  await writeFile(at('secret'), 'secret');
  await symlink(at('secret'), at('symlink'));
  await link(at('secret'), at('hardlink'));
  await mkdir(at('folder'));
  execFileSync('mkfifo', [at('pipe')]);
  const file = await openUntrusted(at('plain'), constants.O_RDONLY);
  t.is(await file.readFile('utf8'), 'text');
  await file.close();
  for (const name of ['symlink', 'hardlink', 'folder', 'pipe']) {
    await t.throwsAsync(
      openUntrusted(at(name), constants.O_RDONLY),
      { instanceOf: UntrustedPathError },
      name,
    );
  }
  await t.throwsAsync(openUntrusted(at('missing'), constants.O_RDONLY), { code: 'ENOENT' });
});
