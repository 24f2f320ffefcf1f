import { mkdir, writeFile } from 'node:fs/promises';
import { crdFiles } from './crd-files.ts';

/** Writes `crds/yaml/*.yaml` from the kinds' definitions. */
const directory = new URL('../yaml/', import.meta.url);
await mkdir(directory, { recursive: true });
for (const { name, content } of crdFiles()) await writeFile(new URL(name, directory), content);
