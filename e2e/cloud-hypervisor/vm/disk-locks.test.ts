import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DiskLocks } from './disk-locks.ts';

test('readers share a disk, a writer has it alone, and it is free once let go', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'lock-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'disk');
  writeFileSync(path, '');
  const disk = (id: string, readonly: boolean) => ({ id, path, readonly, direct: false, image_type: 'Raw' });
  const [first, second] = [new DiskLocks(), new DiskLocks()];
  first.take(disk('a', true));
  second.take(disk('b', true));
  const refused = { message: /Failed to get Write lock for disk image: .*disk: The file is already locked$/ };
  t.throws(() => second.take(disk('c', false)), refused);
  first.release('a');
  second.releaseAll();
  second.take(disk('c', false));
  t.throws(() => first.take(disk('a', true)), { message: /Failed to get Read lock/ });
  second.releaseAll();
});
