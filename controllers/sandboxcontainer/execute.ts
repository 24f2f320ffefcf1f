import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import {
  type ContainerCreate,
  isPodmanNameTaken,
  isPodmanPathMissing,
  PodmanError,
} from '../../lib/podman/index.ts';
import { withSpan } from '../../lib/telemetry.ts';
import { dataDirectoriesOf, STOP_GRACE_SECONDS } from './effective-spec.ts';
import type { Guest } from './guest.ts';
import type { Reason } from './pass-facts.ts';
import type { Step } from './plan.ts';

export interface ExecuteContext {
  readonly guest: Guest;
  readonly vmId: string;
  readonly object: Stored<SandboxContainer>;
  /** What `create` makes. */
  readonly create: ContainerCreate;
  /** Called after each effect, done or not: what was seen of the guest is out of date. */
  readonly onEffect: () => void;
  readonly signal: AbortSignal;
}

/**
 * Carries steps out in their order, up to the first that podman refuses.
 * @returns why a step failed, undefined when all is done
 * @throws what the guest's calls throw where there is no answer: the step may or may not have been done
 */
export async function executeSteps(
  steps: readonly Step[],
  context: ExecuteContext,
): Promise<Reason | undefined> {
  let createdId: string | undefined;
  for (const step of steps) {
    context.signal.throwIfAborted();
    try {
      const attributes = { vm_id: context.vmId, container_name: context.create.name };
      await withSpan(`container ${step.kind}`, { attributes }, async () => {
        if (step.kind === 'create') createdId = await createOne(context);
        else await executeOne(step, createdId, context);
      });
    } catch (error) {
      // Made by a call whose answer was lost: the next look finds it.
      if (isPodmanNameTaken(error)) return undefined;
      if (!(error instanceof PodmanError || error instanceof ImageUnavailableError)) throw error;
      return failureOf(step, error, context);
    } finally {
      context.onEffect();
    }
  }
  return undefined;
}

class ImageUnavailableError extends Error {}

async function createOne({ guest, object, create, signal }: ExecuteContext): Promise<string> {
  const directories = dataDirectoriesOf(object.spec);
  if (directories.length > 0) await guest.ensureDataDirectories(directories, signal);
  if ('image' in create.source) {
    const { image } = create.source;
    try {
      if (!(await guest.imageExists(image, signal))) await guest.pullImage(image, signal);
    } catch (error) {
      if (!(error instanceof PodmanError)) throw error;
      throw new ImageUnavailableError(error.message, { cause: error });
    }
  }
  return guest.createContainer(create, signal);
}

async function executeOne(
  step: Exclude<Step, { kind: 'create' }>,
  createdId: string | undefined,
  { guest, signal }: ExecuteContext,
): Promise<void> {
  if (step.kind === 'remove') await guest.removeContainer(step.id, STOP_GRACE_SECONDS, signal);
  else if (step.kind === 'stop') await guest.stopContainer(step.id, STOP_GRACE_SECONDS, signal);
  else if (step.kind === 'kill') await guest.killContainer(step.id, signal);
  else {
    const id = step.id ?? createdId;
    if (id === undefined) throw new Error('start: no container was created before it');
    await guest.startContainer(id, signal);
  }
}

function failureOf(step: Step, error: Error, { create }: ExecuteContext): Reason {
  if (error instanceof ImageUnavailableError)
    return { reason: REASONS.ImageUnavailable, message: error.message };
  if (step.kind === 'create' && 'rootfs' in create.source && isPodmanPathMissing(error)) {
    const { rootfs } = create.source;
    const message = `the guest image has no closure ${rootfs}: name one that it has in spec.source.closure (${error.message})`;
    return { reason: REASONS.ClosureNotFound, message };
  }
  return {
    reason: step.kind === 'start' ? REASONS.StartFailed : REASONS.CreateFailed,
    message: error.message,
  };
}
