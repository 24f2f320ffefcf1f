import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { artifactOf } from '../../crds/guestimage/artifact.ts';
import { type GuestImage, guestImageDefinition } from '../../crds/guestimage/definition.ts';
import type { RolloutSpec } from '../../crds/guestimage/rollout.ts';
import { type UserVm, userVmDefinition } from '../../crds/uservm/definition.ts';
import { container, toYaml, userVm } from '../harness/declarations.ts';
import { deriveArtifact, NEVER_READY, removeArtifact } from '../harness/derived-artifact.ts';
import { ensure } from '../harness/eventually.ts';
import { Installation } from '../harness/installation.ts';
import { containerReady, getVm, vmReady } from '../harness/observations.ts';

/**
 * `npm run drill:rollout`: real VMs of two users are led to another artifact one after the other, then a canary to one
 * that never serves, which goes back by itself; what each user's data volume held is there in the end.
 */
const USERS = ['alice', 'bob'] as const;
const name = { name: 'default' };
const holt = new Installation('drill', Number(process.env.HOLT_DRILL_PORT_OFFSET ?? 21_000));
const images = join(holt.stateDir, 'images');
const startMs = performance.now();

function say(text: string): void {
  process.stdout.write(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
}

/** Looks four times a second how many VMs are not Ready, until the work is done. Returns the most at once. */
async function mostDownDuring(work: () => Promise<unknown>): Promise<number> {
  const client = await holt.client();
  let most = 0;
  let isDone = false;
  const watching = (async () => {
    while (!isDone) {
      const { items } = await client.listAll<UserVm>(userVmDefinition);
      const down = items.filter(
        ({ status }) =>
          !status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
      );
      most = Math.max(most, down.length);
      await sleep(250);
    }
  })();
  try {
    await work();
  } finally {
    isDone = true;
    await watching;
  }
  return most;
}

async function setSpec(spec: object): Promise<void> {
  await (await holt.client()).patch(guestImageDefinition, name, { spec });
}

async function booted(): Promise<(string | undefined)[]> {
  return Promise.all(USERS.map(async (user) => (await getVm(holt, user)).status?.guestImage?.digest));
}

async function drill(): Promise<void> {
  await holt.up();
  const client = await holt.client();
  const { spec } = await client.get<GuestImage>(guestImageDefinition, name);
  const old = artifactOf(spec);
  const good = deriveArtifact(images, old, 'holt.drill=good');
  const bad = deriveArtifact(images, old, NEVER_READY);
  try {
    const objects = USERS.flatMap((user) => [userVm(user), container(user, 'live')]);
    await holt.holt(['apply', '-f', '-'], { input: toYaml(objects) });
    for (const user of USERS) {
      await vmReady(holt, user);
      await containerReady(holt, `${user}-live`);
    }
    const volumes = await Promise.all(
      USERS.map(async (user) => {
        await holt.holt(['exec', `${user}-live`, '--', '/bin/sh', '-c', `echo ${user} > /data/kept; sync`]);
        return user;
      }),
    );
    say(`two users with ${old.digest.slice(7, 19)}`);

    const rollout: Partial<RolloutSpec> = {
      ...{ strategy: 'Rolling', maxUnavailable: 1, minReadySeconds: 2, progressDeadlineSeconds: 180 },
    };
    const most = await mostDownDuring(async () => {
      await setSpec({ ...good, rollout });
      say((await holt.holt(['rollout', 'status', 'default'])).stdout.trim().replaceAll('\n', '\n        '));
    });
    ensure(most === 1, `${most} VMs were down at once`);
    ensure(
      (await booted()).every((digest) => digest === good.digest),
      'not all have the good artifact',
    );
    for (const user of USERS) {
      ensure((await getVm(holt, user)).status?.previousImage?.digest === old.digest, 'no previous artifact');
    }

    const canary = {
      ...rollout,
      percentage: 0,
      canary: { vms: ['default/bob'] },
      progressDeadlineSeconds: 20,
    };
    await setSpec({ ...bad, rollout: canary });
    const failed = await holt.holt(['rollout', 'status', 'default'], { mayFail: true });
    say(`${failed.stdout.trim().replaceAll('\n', '\n        ')}\n        exit ${failed.exitCode}`);
    ensure(failed.exitCode === 1 && failed.stderr.includes('RolledBack'), failed.stderr);
    for (const user of volumes) {
      await containerReady(holt, `${user}-live`);
      const kept = await holt.holt(['exec', `${user}-live`, '--', '/bin/cat', '/data/kept']);
      ensure(kept.stdout.trim() === user, `the volume of ${user} has ${kept.stdout}`);
    }
    ensure(
      (await booted()).every((digest) => digest === good.digest),
      'not all went back',
    );

    say((await holt.holt(['rollout', 'undo', 'default'])).stdout.trim());
    say((await holt.holt(['rollout', 'status', 'default'])).stdout.trim());
    say(`\n${(await holt.holt(['rollout', 'history', 'default'])).stdout}`);
    say((await holt.kubectl(['get', 'guestimages,uservms', '-o', 'wide'])).stdout);
    say(`done: at most ${most} of ${USERS.length} VMs down at once, rolled back by itself, data kept`);
  } finally {
    for (const artifact of [good, bad]) removeArtifact(images, artifact);
  }
}

try {
  await drill();
} finally {
  await holt.down();
}
process.exit(0);
