import type { GuestImageSpec } from '../../crds/guestimage/definition.ts';
import { ArtifactError, fingerprintOf, verifyArtifact } from './verify-artifact.ts';

/** What is known of an artifact on this node. */
export type ArtifactState =
  | { readonly isVerified: true }
  | { readonly isVerified: false; readonly isPresent: boolean; readonly message: string };

interface Known {
  readonly fingerprint: string;
  readonly state: ArtifactState;
}

/** Artifacts whose digests were checked by this process; checked again only when a file may have changed. */
export class ArtifactStore {
  readonly #imagesDirectory: string;
  readonly #known = new Map<string, Known>();

  constructor(imagesDirectory: string) {
    this.#imagesDirectory = imagesDirectory;
  }

  /** What the last check found; undefined before the first. */
  stateOf(spec: GuestImageSpec): ArtifactState | undefined {
    return this.#known.get(spec.digest)?.state;
  }

  /** Checks what may have changed since. */
  async check(spec: GuestImageSpec): Promise<ArtifactState> {
    const fingerprint = await fingerprintOf(this.#imagesDirectory, spec);
    const known = this.#known.get(spec.digest);
    if (known?.fingerprint === fingerprint) return known.state;
    const state = await this.#verify(spec);
    this.#known.set(spec.digest, { fingerprint, state });
    return state;
  }

  async #verify(spec: GuestImageSpec): Promise<ArtifactState> {
    try {
      await verifyArtifact(this.#imagesDirectory, spec);
      return { isVerified: true };
    } catch (error) {
      if (!(error instanceof ArtifactError)) throw error;
      return { isVerified: false, isPresent: error.isPresent, message: error.message };
    }
  }
}
