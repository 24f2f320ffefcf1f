import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ALL_DEFINITIONS } from '../../crds/index.ts';
import type { ApiObject } from '../../crds/meta/meta.ts';
import { apiVersionOf, type ResourceDefinition } from '../../crds/meta/resource-definition.ts';

/** A declaration that can't be read; the message names the source, the document and the fault. */
export class ManifestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ManifestError';
  }
}

/** A declared object and its kind. */
export interface Manifest {
  readonly definition: ResourceDefinition;
  readonly object: ApiObject;
}

const headSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

/**
 * Reads every document of a YAML or JSON text. Objects of namespaced kinds without a namespace get `namespace`.
 * @throws ManifestError naming the source and what is wrong with which document
 */
export function parseManifests(text: string, source: string, namespace: string): Manifest[] {
  const manifests: Manifest[] = [];
  for (const [index, document] of parseAllDocuments(text).entries()) {
    const fault = document.errors[0];
    if (fault !== undefined) throw new ManifestError(`${source}: ${fault.message}`);
    const value: unknown = document.toJS();
    if (value === null || value === undefined) continue;
    const head = headSchema.safeParse(value);
    if (!head.success) {
      const issue = head.error.issues[0];
      throw new ManifestError(
        `${source}, document ${index + 1}: ${issue?.path.join('.')}: ${issue?.message}`,
      );
    }
    const { apiVersion, kind, metadata } = head.data;
    const definition = ALL_DEFINITIONS.find(
      (each) => apiVersionOf(each) === apiVersion && each.kind === kind,
    );
    if (definition === undefined) {
      const known = ALL_DEFINITIONS.map((each) => `${apiVersionOf(each)} ${each.kind}`).join(', ');
      throw new ManifestError(
        `${source}, document ${index + 1}: no kind ${apiVersion} ${kind} here; there are ${known}`,
      );
    }
    const placed = definition.namespaced
      ? { ...metadata, namespace: metadata.namespace ?? namespace }
      : metadata;
    manifests.push({ definition, object: { ...head.data, metadata: placed } as ApiObject });
  }
  return manifests;
}

/** Reads all `.yaml`, `.yml` and `.json` files of a folder, in order of name. */
export async function readManifestFolder(folder: string, namespace: string): Promise<Manifest[]> {
  const names = (await readdir(folder)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  const manifests: Manifest[] = [];
  for (const name of names) {
    manifests.push(...parseManifests(await readFile(join(folder, name), 'utf8'), name, namespace));
  }
  return manifests;
}
