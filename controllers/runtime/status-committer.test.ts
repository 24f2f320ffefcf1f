import test from 'ava';
import type { Stored } from '../../crds/meta/meta.ts';
import type { StatusCommit } from '../../crds/meta/status-commit.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { StatusCommitter } from './status-committer.ts';

const vm = {
  apiVersion: 'holt.dev/v1alpha1',
  kind: 'UserVM',
  metadata: { namespace: 'team', name: 'alice', uid: 'u1', resourceVersion: '7' },
  spec: { user: 'alice' },
  status: { phase: 'Scheduled', nodeName: 'node-1' },
} as Stored<UserVm>;

function start() {
  const commits: StatusCommit[] = [];
  const client = {
    commitStatus: async (_definition: unknown, _name: unknown, commit: StatusCommit) => {
      commits.push(commit);
      return { ...vm, status: commit.status } as never;
    },
  };
  return {
    commits,
    committer: new StatusCommitter({ client, reportingComponent: 'c', reportingInstance: 'i' }),
  };
}

test('an equal status without events is not written', async (t) => {
  const { commits, committer } = start();
  const status = { nodeName: 'node-1', phase: 'Scheduled', vmId: undefined };
  t.is(await committer.commit(userVmDefinition, vm, status), vm);
  t.is(commits.length, 0);
});

test('a change is written with the preconditions of what was read', async (t) => {
  const { commits, committer } = start();
  await committer.commit(userVmDefinition, vm, { phase: 'Booting' });
  t.deepEqual(commits[0]?.metadata, { uid: 'u1', resourceVersion: '7' });
  t.deepEqual(commits[0]?.status, { phase: 'Booting' });
});

test('events are written even with an equal status; long messages are cut', async (t) => {
  const { commits, committer } = start();
  const message = 'x'.repeat(2_000);
  await committer.commit(userVmDefinition, vm, { ...vm.status }, [{ type: 'Normal', reason: 'R', message }]);
  t.is(commits[0]?.events[0]?.message.length, 1_024);
});
