import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { boundLog, openLog } from './bounded-log.ts';

test('a log that grew too large starts again, for the writer that has it open too', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holt-log-'));
  const path = join(folder, 'part.log');
  boundLog(path, 10);
  const log = openLog(path);
  writeSync(log, 'short\n');
  boundLog(path, 10);
  t.is(readFileSync(path, 'utf8'), 'short\n');
  writeSync(log, 'and longer\n');
  boundLog(path, 10);
  writeSync(log, 'fresh\n');
  t.is(readFileSync(path, 'utf8'), 'fresh\n');
  t.is(readFileSync(`${path}.1`, 'utf8'), 'short\nand longer\n');
  rmSync(folder, { recursive: true });
});
