import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { COLLECTION_REASONS } from '../controllers/artifacts/collection/reasons.ts';
import { GUEST_IMAGE_REASONS } from '../controllers/artifacts/status.ts';
import { EVENT_RELAY_REASONS } from '../controllers/eventrelay/stall-notice.ts';
import { GARBAGE_COLLECTION_REASONS } from '../controllers/garbagecollection/misplaced-owner-events.ts';
import { NAMESPACE_REASONS } from '../controllers/namespace/status.ts';
import { NODE_REASONS } from '../controllers/nodelifecycle/status.ts';
import { ROLLOUT_REASONS } from '../crds/guestimage/conditions.ts';
import { SANDBOX_CONTAINER_REASONS } from '../crds/sandboxcontainer/conditions.ts';
import { USER_VM_REASONS } from '../crds/uservm/conditions.ts';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = '{lib,crds,api,controllers,services,cli,guest,setup,e2e,bench}';

/** What a folder may import besides itself. The longest matching prefix counts. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  crds: ['lib'],
  'api/client': ['lib', 'crds'],
  'api/storage': ['lib', 'crds'],
  'api/server': ['lib', 'crds', 'api/storage'],
  'controllers/runtime': ['lib', 'crds', 'api/client'],
  services: ['lib', 'crds', 'api/client'],
  guest: ['lib', 'crds'],
};

function sources(): string[] {
  return globSync(`${FOLDERS}/**/*.ts`, { cwd: checkout })
    .map(String)
    .filter((file) => !file.includes('node_modules'));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(checkout, file), 'utf8');
  return [...text.matchAll(/^(?:import|export)[^;]*?from '(\.[^']+)'/gms)].map((match) =>
    relative(checkout, join(checkout, dirname(file), match[1] ?? '')),
  );
}

function isTest(file: string): boolean {
  return file.endsWith('.test.ts') || file.includes('/testing/');
}

test('imports follow the arrows', (t) => {
  const wrong: string[] = [];
  for (const file of sources().filter((each) => !isTest(each))) {
    const home = Object.keys(ALLOWED).find((folder) => file.startsWith(`${folder}/`));
    if (home === undefined) continue;
    const allowed = [home, ...(ALLOWED[home] ?? [])];
    for (const target of importsOf(file)) {
      if (!allowed.some((folder) => target.startsWith(`${folder}/`))) wrong.push(`${file} -> ${target}`);
    }
  }
  t.deepEqual(wrong, []);
});

test('kinds do not import each other', (t) => {
  const wrong: string[] = [];
  for (const file of sources().filter((each) => !isTest(each))) {
    const kind = /^controllers\/(uservm|sandboxcontainer)\//.exec(file)?.[1];
    const other = kind === 'uservm' ? 'sandboxcontainer' : 'uservm';
    if (kind === undefined) continue;
    wrong.push(...importsOf(file).filter((target) => target.startsWith(`controllers/${other}/`)));
  }
  t.deepEqual(wrong, []);
});

test('every condition and event reason has a line in docs/operations.md', (t) => {
  const operations = readFileSync(join(checkout, 'docs/operations.md'), 'utf8');
  const reasons = [
    USER_VM_REASONS,
    SANDBOX_CONTAINER_REASONS,
    GUEST_IMAGE_REASONS,
    COLLECTION_REASONS,
    ROLLOUT_REASONS,
    NODE_REASONS,
    NAMESPACE_REASONS,
    EVENT_RELAY_REASONS,
    GARBAGE_COLLECTION_REASONS,
  ].flatMap((each) => Object.values(each));
  t.deepEqual(
    reasons.filter((reason) => !operations.includes(`\`${reason}\``)),
    [],
  );
});

test('no work is left as a note, and no process is ended by name', (t) => {
  const banned = /\b(TODO|FIXME|XXX)\b|['"`](pkill|killall)\b/;
  const wrong = sources().filter(
    (file) => file !== 'setup/house-rules.test.ts' && banned.test(readFileSync(join(checkout, file), 'utf8')),
  );
  t.deepEqual(wrong, []);
});
