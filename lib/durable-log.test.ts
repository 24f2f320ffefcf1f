import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DurableLog, type DurableLogOptions } from './durable-log.ts';
import { systemLogFiles } from './log-files.ts';

async function logIn(t: ExecutionContext, options: Partial<DurableLogOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'holt-log-'));
  const path = join(dir, 'logs', 'stream.jsonl');
  const log = new DurableLog({ path, fileBytes: 1_000, filesMax: 2, ...options });
  t.teardown(async () => {
    await log.close();
    await rm(dir, { recursive: true, force: true });
  });
  return { log, path, dir, text: () => readFile(path, 'utf8') };
}

test('appended lines are whole, in order, and the file goes on after a restart', async (t) => {
  const { log, path, text } = await logIn(t);
  await log.append(['a', 'b']);
  await log.append([]);
  await log.close();
  const next = new DurableLog({ path, fileBytes: 1_000, filesMax: 2 });
  await next.append(['ä']);
  await next.close();
  t.is(await text(), 'a\nb\nä\n');
});

test('a full file is set aside, and only so many are kept', async (t) => {
  const { log, path, dir } = await logIn(t, { fileBytes: 10 });
  for (const word of ['first', 'second', 'third', 'fourth', 'longer than a file']) await log.append([word]);
  t.is(await readFile(path, 'utf8'), 'longer than a file\n');
  t.is(await readFile(`${path}.1`, 'utf8'), 'fourth\n');
  t.is(await readFile(`${path}.2`, 'utf8'), 'third\n');
  t.is((await readdir(join(dir, 'logs'))).length, 3);
});

test('no older files are kept where none are asked for', async (t) => {
  const { log, path, dir } = await logIn(t, { fileBytes: 4, filesMax: 0 });
  await log.append(['one']);
  await log.append(['two']);
  t.is(await readFile(path, 'utf8'), 'two\n');
  t.is((await readdir(join(dir, 'logs'))).length, 1);
});

test('a torn last line is cut at the start, whatever its length, and told', async (t) => {
  for (const torn of ['{"id":', 'x'.repeat(200_000)]) {
    const cut: number[] = [];
    const { log, path, text } = await logIn(t, {
      onTornLine: (bytes) => void cut.push(bytes),
      fileBytes: 1e6,
    });
    await log.append(['whole']);
    await log.close();
    await appendFile(path, torn);
    await log.append(['next']);
    t.is(await text(), 'whole\nnext\n');
    t.deepEqual(cut, [torn.length]);
  }
});

test('a file that is nothing but a torn line becomes empty first', async (t) => {
  const { log, path, text } = await logIn(t);
  await log.append(['x']);
  await log.close();
  await writeFile(path, 'torn');
  await log.append(['next']);
  t.is(await text(), 'next\n');
});

test('a file that was moved, removed, cut or written by another is found anew', async (t) => {
  const { log, path, text } = await logIn(t);
  await log.append(['one']);
  await rename(path, `${path}.moved`);
  await log.append(['two']);
  t.is(await text(), 'two\n');
  await rm(path);
  await log.append(['three']);
  t.is(await text(), 'three\n');
  await writeFile(path, '');
  await log.append(['four']);
  await appendFile(path, 'foreign\ntorn');
  await log.append(['five']);
  t.is(await text(), 'four\nforeign\nfive\n');
});

test('short writes are continued; what failed half way is cut and can be appended again', async (t) => {
  let failures = 0;
  const files = {
    ...systemLogFiles,
    write: async (file: number, bytes: Buffer) => {
      if (failures === 1) {
        failures = 2;
        await systemLogFiles.write(file, bytes.subarray(0, 7));
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      }
      return systemLogFiles.write(file, bytes.subarray(0, 3));
    },
  };
  const { log, text } = await logIn(t, { files });
  await log.append(['before']);
  failures = 1;
  await t.throwsAsync(log.append(['second', 'third']), { code: 'ENOSPC' });
  await log.append(['second', 'third']);
  // The first line was whole before the disk was full: it is there twice.
  t.is(await text(), 'before\nsecond\nsecond\nthird\n');
});

test('on a disk that is really full it rejects with ENOSPC, and goes on once there is room', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'holt-full-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    t.log('no right to mount a small disk here');
    t.pass();
    return;
  }
  t.teardown(() => execFileSync('umount', [dir]));
  const path = join(dir, 'stream.jsonl');
  const log = new DurableLog({ path, fileBytes: 1e6, filesMax: 1 });
  t.teardown(() => log.close());
  await writeFile(join(dir, 'ballast'), Buffer.alloc(40_000));
  const lines = Array.from({ length: 40 }, (_, n) => `${n} ${'x'.repeat(996)}`);
  await log.append(lines.slice(0, 5));
  await t.throwsAsync(log.append(lines.slice(5)), { code: 'ENOSPC' });
  await rm(join(dir, 'ballast'));
  await log.append(lines.slice(5));
  const found = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  t.true(found.every((line) => lines.includes(line)));
  t.deepEqual([...new Set(found)], lines);
});
