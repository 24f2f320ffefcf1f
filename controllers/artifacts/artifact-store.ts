import { artifactOf } from '../../crds/guestimage/artifact.ts';
import type { GuestImageSpec } from '../../crds/guestimage/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import { fingerprintOf, isSettled } from './fingerprint.ts';
import {
  ArtifactError,
  artifactDirectory,
  canonicalJson,
  expectDeclared,
  type Manifest,
  readManifest,
  verifyFiles,
} from './verify-artifact.ts';

/** What is known of an artifact on this node. */
export type ArtifactState =
  | { readonly isVerified: true }
  | { readonly isVerified: false; readonly isPresent: boolean; readonly message: string };

/** An artifact as it was last seen, whatever GuestImage names it. */
export type ArtifactLook =
  | { readonly isVerified: true; readonly manifest: Manifest }
  | Extract<ArtifactState, { isVerified: false }>;

export interface ArtifactStoreOptions {
  readonly imagesDirectory: string;
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>;
  /** Told after every byte of an artifact was read, with the seconds that it took. */
  readonly onRead?: (digest: string, seconds: number) => void;
}

/** Files whose contents were compared, as they looked then. */
interface Compared {
  readonly fingerprint: string;
  readonly error: ArtifactError | undefined;
}

/** The artifacts on this node. Contents are read again only where a file may have changed since. */
export class ArtifactStore {
  readonly #options: ArtifactStoreOptions;
  readonly #compared = new Map<string, Compared>();
  /** The last finding, by digest, and the spec that it is about. */
  readonly #found = new Map<string, { readonly declared: string; readonly state: ArtifactState }>();
  /** The last finding about an artifact itself, by digest; with its manifest where it is whole. */
  readonly #looks = new Map<string, ArtifactLook>();
  /** The last look at each artifact: one after the other, so that two never read the same bytes at once. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: ArtifactStoreOptions) {
    this.#options = options;
  }

  /** What the last look at the artifact of this spec found; undefined before the first. */
  stateOf(spec: GuestImageSpec): ArtifactState | undefined {
    const found = this.#found.get(spec.digest);
    return found?.declared === canonicalJson(artifactOf(spec)) ? found.state : undefined;
  }

  /** What the last look at this artifact found; undefined before the first. */
  lookOf(digest: string): ArtifactLook | undefined {
    return this.#looks.get(digest);
  }

  /** Looks at an artifact that no spec declares any more, or not on this GuestImage. */
  async checkDigest(digest: string): Promise<void> {
    await stateAfter(async () => void (await this.#verify(digest)));
  }

  /** Looks at the artifact of a GuestImage. */
  async check(spec: GuestImageSpec): Promise<ArtifactState> {
    const state = await stateAfter(async () => {
      const manifest = await this.#verify(spec.digest);
      expectDeclared(artifactDirectory(this.#options.imagesDirectory, spec.digest), manifest, spec);
    });
    this.#found.set(spec.digest, { declared: canonicalJson(artifactOf(spec)), state });
    return state;
  }

  /**
   * Looks at an artifact right before something is booted from it.
   * @throws ArtifactError where a file is absent or not what its digest says
   */
  async expectBootable(digest: string): Promise<void> {
    try {
      await this.#verify(digest);
    } catch (error) {
      const found = this.#found.get(digest);
      if (found !== undefined && error instanceof ArtifactError) {
        this.#found.set(digest, { ...found, state: stateOfError(error) });
      }
      throw error;
    }
  }

  #verify(digest: string): Promise<Manifest> {
    // Each caller looks for itself, after the one before: an answer is never older than its question.
    const turn = (this.#turns.get(digest) ?? Promise.resolve()).then(() => this.#lookNow(digest));
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (this.#turns.get(digest) === settled) this.#turns.delete(digest);
      });
    this.#turns.set(digest, settled);
    return turn;
  }

  async #lookNow(digest: string): Promise<Manifest> {
    try {
      const manifest = await this.#verifyNow(digest);
      this.#looks.set(digest, { isVerified: true, manifest });
      return manifest;
    } catch (error) {
      if (error instanceof ArtifactError) this.#looks.set(digest, stateOfError(error));
      throw error;
    }
  }

  async #verifyNow(digest: string): Promise<Manifest> {
    const directory = artifactDirectory(this.#options.imagesDirectory, digest);
    const manifest = await readManifest(directory, digest);
    const lookedAtMs = this.#options.clock.nowMs();
    const before = await fingerprintOf(directory, manifest);
    const known = this.#compared.get(digest);
    const isKnown = known?.fingerprint === before.text;
    const error = isKnown ? known.error : await this.#read(digest, directory, manifest);
    if (!isKnown) {
      this.#compared.delete(digest);
      const after = await fingerprintOf(directory, manifest);
      if (after.text !== before.text) {
        throw new ArtifactError(`files in ${directory} change while they are read`, { isPresent: true });
      }
      if (isSettled(before, lookedAtMs)) {
        this.#compared.set(digest, { fingerprint: before.text, error });
      }
    }
    if (error !== undefined) throw error;
    return manifest;
  }

  async #read(digest: string, directory: string, manifest: Manifest): Promise<ArtifactError | undefined> {
    const { clock, onRead } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      await verifyFiles(directory, manifest);
      return undefined;
    } catch (error) {
      if (error instanceof ArtifactError) return error;
      throw error;
    } finally {
      onRead?.(digest, (clock.monotonicMs() - startMs) / 1000);
    }
  }
}

async function stateAfter(work: () => Promise<void>): Promise<ArtifactState> {
  try {
    await work();
    return { isVerified: true };
  } catch (error) {
    if (error instanceof ArtifactError) return stateOfError(error);
    throw error;
  }
}

function stateOfError({ isPresent, message }: ArtifactError): Extract<ArtifactState, { isVerified: false }> {
  return { isVerified: false, isPresent, message };
}
