import { z } from 'zod';
import type { Node } from './definition.ts';

/** Annotation of a Node: the volumes that it keeps after their deletion, as JSON; the latest ones first. */
export const RETAINED_VOLUMES_ANNOTATION = 'holt.dev/retained-volumes';

/** An annotation stays small: of more than these only the latest are told. */
export const RETAINED_VOLUMES_TOLD_MAX = 100;

const toldVolumeSchema = z.object({
  /** Name of its file in the node's retained folder. */
  id: z.string(),
  /** Of the UserVM whose it was. */
  namespace: z.string(),
  name: z.string(),
  user: z.string(),
  cause: z.string(),
  /** ISO 8601. */
  until: z.string(),
  size: z.string(),
});

export type ToldVolume = z.infer<typeof toldVolumeSchema>;

/** The volumes that a Node says it keeps; none where it says nothing that can be read. */
export function retainedVolumesOf({ metadata }: Pick<Node, 'metadata'>): readonly ToldVolume[] {
  const text = metadata.annotations?.[RETAINED_VOLUMES_ANNOTATION];
  if (text === undefined) return [];
  try {
    return z.array(toldVolumeSchema).parse(JSON.parse(text));
  } catch {
    return [];
  }
}
