import type { UserVm } from '../../crds/uservm/definition.ts';

type Assignment = NonNullable<NonNullable<UserVm['status']>['desiredImage']>;

/** What a rollout gave this VM of the GuestImage that its spec names; one of another image counts no more. */
export function assignmentOf(vm: Pick<UserVm, 'spec' | 'status'>): Assignment | undefined {
  const assignment = vm.status?.desiredImage;
  return assignment?.name === vm.spec.guestImage ? assignment : undefined;
}

/** The artifact that a VM which runs another is recycled onto. */
export function dueDigestOf(vm: Pick<UserVm, 'spec' | 'status'>): string | undefined {
  const assignment = assignmentOf(vm);
  return assignment?.apply === 'Now' ? assignment.digest : undefined;
}
