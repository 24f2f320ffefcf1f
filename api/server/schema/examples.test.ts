import { readdir, readFile } from 'node:fs/promises';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { isRecord } from '../../../crds/generate/json-record.ts';
import { ALL_DEFINITIONS } from '../../../crds/index.ts';
import { compileSchema } from './structural.ts';

const directory = new URL('../../../examples/', import.meta.url);

test('the examples are taken as they are, under strict validation', async (t) => {
  const files = (await readdir(directory)).filter((file) => file.endsWith('.yaml'));
  t.true(files.length > 0);
  for (const file of files) {
    for (const document of parseAllDocuments(await readFile(new URL(file, directory), 'utf8'))) {
      const object: unknown = document.toJS();
      const definition = ALL_DEFINITIONS.find(({ kind }) => isRecord(object) && kind === object.kind);
      if (definition === undefined) throw new TypeError(`${file}: no kind of ours`);
      const { errors, warnings } = compileSchema(definition).validate(object, { fieldValidation: 'Strict' });
      t.deepEqual([...errors, ...warnings], [], file);
    }
  }
});
