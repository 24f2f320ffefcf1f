import type { Stored } from '../../crds/meta/meta.ts';
import { SANDBOX_CONTAINER_REASONS as REASONS } from '../../crds/sandboxcontainer/conditions.ts';
import type { SandboxContainer } from '../../crds/sandboxcontainer/definition.ts';
import { isJob, jobOutcomeOf } from '../../crds/sandboxcontainer/job.ts';
import type { Observation } from './guest-observer.ts';
import { type FoundContainers, findOwnContainer } from './own-container.ts';
import { isSameRun } from './pass.ts';
import type { Reason } from './pass-facts.ts';

type Sibling = Stored<SandboxContainer>;
type Dependency = NonNullable<SandboxContainer['spec']['dependsOn']>[number];

export interface HoldInput {
  readonly object: Sibling;
  /** All SandboxContainers of its VM. */
  readonly siblings: readonly Sibling[];
  readonly observation: Pick<Observation, 'containers' | 'bootId'>;
}

/**
 * Why a container may not be made yet; undefined where it may. Pure. What runs is judged by the guest itself, so that
 * the status of an earlier boot counts for nothing.
 *
 * Whoever starts waits for sidecars without a `dependsOn` of their own, too, as containers of a pod do; but one that
 * failed or waits holds nobody up: who cannot do without it says so.
 */
export function holdOf({ object, siblings, observation }: HoldInput): Reason | undefined {
  const byName = new Map(siblings.map((sibling) => [sibling.metadata.name, sibling]));
  const cycle = cycleThrough(object.metadata.name, byName);
  if (cycle !== undefined) {
    const message = `depends on itself: ${cycle.join(' -> ')}; take one of them out of a spec.dependsOn`;
    return { reason: REASONS.DependencyCycle, message };
  }
  const waits: string[] = [];
  for (const dependency of object.spec.dependsOn ?? []) {
    const sibling = byName.get(dependency.name);
    if (sibling !== undefined && isHopeless(sibling, dependency)) {
      const message = `depends on job ${dependency.name}, which has failed; create that job anew`;
      return { reason: REASONS.DependencyFailed, message };
    }
    const why = unmet(dependency, sibling, observation);
    if (why !== undefined) waits.push(why);
  }
  if (object.spec.role !== 'sidecar') waits.push(...startingSidecars(siblings, observation));
  if (waits.length === 0) return undefined;
  return { reason: REASONS.WaitingForDependencies, message: `waits for ${waits.join(', ')}` };
}

/** Whether a change of `changed` may let `other` start, or stop. */
export function concerns(changed: SandboxContainer, other: SandboxContainer): boolean {
  const isNamed = other.spec.dependsOn?.some(({ name }) => name === changed.metadata.name) ?? false;
  return isNamed || isImplicit(changed, other);
}

/** Sidecars start before the others and end after them. */
function isImplicit(sidecar: SandboxContainer, other: SandboxContainer): boolean {
  return sidecar.spec.role === 'sidecar' && !hasOwnOrder(sidecar) && other.spec.role !== 'sidecar';
}

const hasOwnOrder = ({ spec }: SandboxContainer): boolean => (spec.dependsOn ?? []).length > 0;

function isHopeless(sibling: Sibling, { condition }: Dependency): boolean {
  return condition === 'Complete' && jobOutcomeOf(sibling)?.type === 'Failed';
}

function unmet(
  { name, condition }: Dependency,
  sibling: Sibling | undefined,
  observation: HoldInput['observation'],
): string | undefined {
  if (sibling === undefined) return `${name} (there is none of that name in this VM)`;
  if (condition === 'Complete') {
    if (!isJob(sibling)) return `${name} (Complete, which only a job can be)`;
    return jobOutcomeOf(sibling)?.type === 'Complete' ? undefined : `${name} (Complete)`;
  }
  const { own } = foundIn(observation, sibling);
  const isRunning = own?.state === 'running' && own.bootId === observation.bootId;
  const isMet = isRunning && (condition === 'Started' || isReadyRun(sibling, own));
  return isMet ? undefined : `${name} (${condition})`;
}

function isReadyRun(sibling: Sibling, own: FoundContainers['own']): boolean {
  return sibling.status?.ready === true && isSameRun(sibling, own);
}

function startingSidecars(siblings: readonly Sibling[], observation: HoldInput['observation']): string[] {
  return siblings
    .filter((sibling) => sibling.spec.role === 'sidecar' && !hasOwnOrder(sibling))
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && isOnItsWay(status?.phase))
    .filter((sibling) => foundIn(observation, sibling).own?.state !== 'running')
    .map(({ metadata }) => `sidecar ${metadata.name} (Started)`);
}

const isOnItsWay = (phase: string | undefined): boolean =>
  phase === undefined || phase === 'Pending' || phase === 'Creating' || phase === 'Running';

const foundIn = ({ containers }: HoldInput['observation'], { metadata: { uid, name } }: Sibling) =>
  findOwnContainer(containers, { uid, name });

/** The shortest way from a container back to itself, by names. */
function cycleThrough(name: string, byName: ReadonlyMap<string, Sibling>): string[] | undefined {
  const seen = new Set<string>();
  let ways: string[][] = [[name]];
  while (ways.length > 0) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const next of byName.get(way.at(-1) ?? '')?.spec.dependsOn ?? []) {
        if (next.name === name) return [...way, name];
        if (seen.has(next.name)) continue;
        seen.add(next.name);
        longer.push([...way, next.name]);
      }
    }
    ways = longer;
  }
  return undefined;
}
