import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { playDialogue } from './testing/dialogue.ts';
import { VmmProcess, waitFor, whyNoQemu } from './testing/vmm-process.ts';

/**
 * One dialogue, recorded from cloud-hypervisor v53.0, that the stand-in must give word by word. It also runs
 * against a real `cloud-hypervisor` on the PATH; `UPDATE_GOLDEN=1` lets that one rewrite the record.
 */
const golden = fileURLToPath(new URL('testdata/dialogue.txt', import.meta.url));

async function play(t: ExecutionContext, vmm: VmmProcess): Promise<string> {
  const socket = vmm.path('v.sock');
  const toggleVsock = () => (existsSync(socket) ? rmSync(socket) : writeFileSync(socket, ''));
  const played = await playDialogue(vmm, readFileSync(golden, 'utf8'), toggleVsock);
  t.is((await vmm.call('PUT', 'vmm.shutdown')).statusCode, 200);
  t.deepEqual(await vmm.ended, { code: 0, signal: null }, vmm.output);
  await waitFor(() => !existsSync(vmm.path('api.sock')));
  return played;
}

function realBinary(): string | undefined {
  const candidates = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'cloud-hypervisor'));
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) return undefined;
  const isReal = !execFileSync(found, ['--version'], { encoding: 'utf8' }).includes('stand-in');
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return isReal ? found : undefined;
  } catch {
    return undefined;
  }
}

const real = realBinary();

if (real !== undefined) {
  test.serial('the real VMM gives the recorded answers', async (t) => {
    const played = await play(t, await VmmProcess.start(t, { binary: real }));
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, played);
    else t.is(played, readFileSync(golden, 'utf8'));
  });
}

const noQemu = whyNoQemu();
if (noQemu !== undefined) test.skip(`the stand-in gives the recorded answers: ${noQemu}`, () => {});
else {
  test.serial('the stand-in gives the recorded answers', async (t) => {
    t.is(await play(t, await VmmProcess.start(t)), readFileSync(golden, 'utf8'));
  });
}
