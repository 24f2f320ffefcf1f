import type { SandboxContainerReason } from '../../crds/sandboxcontainer/conditions.ts';
import type { OwnContainer } from './own-container.ts';

/** A word for programs and a sentence for people. */
export interface Reason {
  readonly reason: SandboxContainerReason;
  readonly message: string;
}

/** How a run ended. */
export interface Exit {
  readonly exitCode: number;
  readonly reason: SandboxContainerReason;
  /** RFC 3339, by the guest's clock, here and below. */
  readonly startedAt: string | undefined;
  readonly finishedAt: string;
  /** What ended. */
  readonly containerId: string;
}

/** What a pass found out about a container in a VM that is ready. */
export interface PassFacts {
  readonly vmId: string;
  readonly address: string;
  readonly routePort: number | undefined;
  /** As it is after all steps. */
  readonly own: OwnContainer | undefined;
  /** Of `own`, where it ended. */
  readonly exit: Exit | undefined;
  /** Why a step failed in this pass. */
  readonly failure: Reason | undefined;
  /** What it waits for before it is made. */
  readonly hold: Reason | undefined;
  /** Until the next attempt, where there is one to wait for. */
  readonly backoffMs: number;
  readonly isReady: boolean;
  /** Undefined: as the container itself stands. */
  readonly readyReason: Reason | undefined;
  /** Why a container was made in the place of another. */
  readonly remadeBecause: string | undefined;
  /** It had no end that anybody saw: it is not there any more. */
  readonly isDisappeared: boolean;
  /** The status says that this generation ended for good, and nothing speaks against it. */
  readonly isFinished: boolean;
}
