import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { fuzz } from '../testing/fuzz/fuzz.ts';
import { TARGETS } from '../testing/fuzz/targets.ts';
import type { ApiAddress } from '../testing/json-connection.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';

const SEED = 20_260_101;
const RUNS = 1_000;

let api: TestApi;
let address: ApiAddress;

test.before(async () => {
  api = await startTestApi();
  const read = (name: string) => readFile(join(api.pki.dir, name));
  address = {
    port: api.port,
    cert: await read('admin.crt'),
    key: await read('admin.key'),
    ca: await read('ca.crt'),
  };
});

test.after.always(() => api?.dispose());

for (const target of Object.keys(TARGETS)) {
  test.serial(`no ${target} make the server fail`, async (t) => {
    const { problem, codes } = await fuzz(address, target, { runs: RUNS, seed: SEED });
    t.is(problem, undefined);
    t.log(codes);
  });
}
