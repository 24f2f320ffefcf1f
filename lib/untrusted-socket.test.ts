import { once } from 'node:events';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { UntrustedPathError } from './untrusted-file.ts';
import { withUntrustedSocket } from './untrusted-socket.ts';

async function serverAt(t: ExecutionContext, path: string, word: string) {
  const server = createServer((socket) => socket.end(word));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  t.teardown(() => server.close());
}

async function read(path: string): Promise<string> {
  const socket = connect({ path });
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

test('a socket is reached, also when its name is given away; nothing else is', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'holt-untrusted-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  await serverAt(t, at('own'), 'own');
  await serverAt(t, at('foreign'), 'foreign');
  const answer = await withUntrustedSocket(at('own'), async (path) => {
    await rename(at('own'), at('moved'));
    await symlink(at('foreign'), at('own'));
    return read(path);
  });
  t.is(answer, 'own');
  await t.throwsAsync(withUntrustedSocket(at('own'), read), { instanceOf: UntrustedPathError });
  await writeFile(at('file'), '');
  await t.throwsAsync(withUntrustedSocket(at('file'), read), { instanceOf: UntrustedPathError });
  await t.throwsAsync(withUntrustedSocket(at('missing'), read), { code: 'ENOENT' });
});
