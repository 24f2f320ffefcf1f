import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { holdConversation } from '../testing/conversation/hold-conversation.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';

/** What is said, and what is answered; HOLT_REWRITE_GOLDENS=1 writes the answers anew. */
const conversations = fileURLToPath(new URL('testdata/kubectl', import.meta.url));

/** A command with what came of it, each: what differs is shown without the rest. */
function partsOf(conversation: string): string[] {
  return conversation.split(/^(?=\$ )/m);
}

let api: TestApi;

test.before(async () => {
  api = await startTestApi();
});

test.after.always(() => api?.dispose());

for (const file of readdirSync(conversations).toSorted()) {
  const name = basename(file, '.txt');
  test.serial(`kubectl: ${name.replaceAll('-', ' ')}`, async (t) => {
    const golden = join(conversations, file);
    const text = await readFile(golden, 'utf8');
    const directory = join(api.dir, name);
    await mkdir(directory);
    const made = await api.send({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    });
    t.is(made.code, 201);
    const held = await holdConversation(text, { kubeconfig: api.kubeconfig, directory, namespace: name });
    if (process.env.HOLT_REWRITE_GOLDENS === '1') await writeFile(golden, held);
    else for (const [index, part] of partsOf(held).entries()) t.is(part, partsOf(text)[index] ?? '');
  });
}
