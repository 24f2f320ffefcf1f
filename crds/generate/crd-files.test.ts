import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { parse } from 'yaml';
import { crdFiles } from './crd-files.ts';

const directory = new URL('../yaml/', import.meta.url);

test('the committed YAML is what the definitions give now ("node crds/generate/main.ts" writes it)', async (t) => {
  const files = crdFiles();
  t.deepEqual((await readdir(directory)).toSorted(), files.map(({ name }) => name).toSorted());
  for (const { name, content } of files) t.is(await readFile(new URL(name, directory), 'utf8'), content);
});

test('every level is structural: it has a type or says that anything goes', (t) => {
  for (const { name, content } of crdFiles()) {
    const { openAPIV3Schema } = parse(content).spec.versions[0].schema;
    t.deepEqual(untypedPaths(openAPIV3Schema, ''), [], name);
  }
});

test("nothing of Holt's own is published", (t) => {
  for (const { content } of crdFiles()) t.notRegex(content, /x-holt/);
});

interface Level {
  type?: string;
  items?: Level;
  properties?: Record<string, Level>;
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
}

function untypedPaths(level: Level, path: string): string[] {
  const isTyped =
    level.type !== undefined ||
    level['x-kubernetes-preserve-unknown-fields'] === true ||
    level['x-kubernetes-int-or-string'] === true;
  const below = Object.entries(level.properties ?? {}).flatMap(([name, child]) =>
    untypedPaths(child, `${path}.${name}`),
  );
  const items = level.items === undefined ? [] : untypedPaths(level.items, `${path}[]`);
  return [...(isTyped ? [] : [path]), ...below, ...items];
}
