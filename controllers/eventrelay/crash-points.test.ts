import test from 'ava';
import { FAULT_KINDS, FaultPlan } from '../testing/fault-plan.ts';
import { Drive } from './testing/drive.ts';
import { isInOrder, withoutRepetitions } from './testing/running-relay.ts';

interface Scenario {
  /** Brings the relay to where the effects of interest begin. */
  readonly prepare?: (drive: Drive) => Promise<void>;
  /** What happens then, in front of the relay or behind its back. */
  readonly act: (drive: Drive) => void | Promise<void>;
}

const running = async (drive: Drive): Promise<void> => {
  drive.api.commit('early');
  drive.start();
  await drive.settle();
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'first start': {
    act: ({ api }) => {
      for (const name of ['a', 'b']) api.commit(name, `${name}-too`);
    },
  },
  'transactions, repetitions and deletions': {
    prepare: running,
    act: async ({ api, clock }) => {
      api.commit('a', 'b');
      await clock.advance(100);
      api.commit('a');
      api.delete('b');
      await clock.advance(5_000);
      api.commit('c', 'a', 'd');
    },
  },
  'a watch that is cut within a transaction': {
    prepare: running,
    act: ({ api }) => {
      api.cutAfter = 2;
      api.commit('a');
      api.commit('b', 'c');
    },
  },
  'files that are set aside': {
    prepare: (drive) => {
      drive.fileBytes = 700;
      return running(drive);
    },
    act: async ({ api, clock }) => {
      for (const name of ['a', 'b', 'c', 'd']) {
        api.commit(name, `${name}-too`);
        await clock.advance(2_000);
      }
    },
  },
  'compaction beyond the cursor': {
    prepare: running,
    act: (drive) => {
      drive.api.commit('kept', 'lost');
      drive.api.commit('kept');
      drive.api.delete('lost');
      drive.api.compact();
      drive.api.commit('new');
    },
  },
  'a disk that is full for a while': {
    prepare: running,
    act: async ({ api, clock, disk }) => {
      disk.capacityBytes = 900;
      api.commit('a', 'b');
      api.commit('c', 'd');
      await clock.advance(3_000);
      disk.capacityBytes = Number.POSITIVE_INFINITY;
    },
  },
};

/** The process was down while things happened, so that they are read from the store's history. */
async function play(scenario: Scenario, faults: FaultPlan, losesPower = false): Promise<Drive> {
  const drive = new Drive();
  drive.losesPower = losesPower;
  await scenario.prepare?.(drive);
  drive.kill();
  await scenario.act(drive);
  drive.inject(faults);
  await drive.settle();
  return drive;
}

/** The process is at work while things happen. */
async function playLive(scenario: Scenario, faults: FaultPlan, losesPower = false): Promise<Drive> {
  const drive = new Drive();
  drive.losesPower = losesPower;
  await scenario.prepare?.(drive);
  drive.inject(faults);
  await drive.clock.advance(1_000);
  await scenario.act(drive);
  await drive.settle();
  return drive;
}

/** What is wrong with the stream, in words. */
function problemsOf(drive: Drive): string[] {
  const records = drive.records();
  const told = withoutRepetitions(records).filter(({ data }) => data.kind === 'Event');
  return [
    ...drive.violations,
    ...drive.missing(records).map((id) => `${id} is missing`),
    ...(isInOrder(told) ? [] : [`out of order: ${told.map(({ id }) => id).join(' ')}`]),
  ];
}

for (const [name, scenario] of Object.entries(SCENARIOS)) {
  for (const [how, run] of Object.entries({ 'read afterwards': play, 'read live': playLive })) {
    test(`${name}, ${how}: no fault at any effect loses, reorders or runs ahead`, async (t) => {
      const learned = new FaultPlan();
      t.deepEqual(problemsOf(await run(scenario, learned)), []);
      t.true(learned.names.length >= 8);
      let crashCount = 0;
      for (const [at, effect] of learned.names.entries()) {
        for (const kind of FAULT_KINDS) {
          const drive = await run(scenario, new FaultPlan({ at, kind }), at % 2 === 0);
          t.deepEqual(problemsOf(drive), [], `${kind} at effect ${at}, ${effect}`);
          crashCount += drive.crashCount;
        }
      }
      // Nearly two an effect: a watch in which nothing more comes is not seen to end.
      t.true(crashCount >= 1.5 * learned.names.length, `${crashCount} of ${learned.names.length} effects`);
    });
  }
}

test('an undisturbed stream has each change once, after a record of its start', async (t) => {
  const scenario = SCENARIOS['transactions, repetitions and deletions'];
  t.truthy(scenario);
  if (scenario === undefined) return;
  const drive = await playLive(scenario, new FaultPlan());
  t.deepEqual(
    drive.records().map(({ type, id }) => `${type.replace('dev.holt.', '')} ${id.replace(/\.\d+$/, '')}`),
    [
      'stream.started start.0',
      'event.added early',
      'event.added a',
      'event.added b',
      'event.modified a',
      'event.added c',
      'event.modified a',
      'event.added d',
    ],
  );
  t.is(drive.crashCount, 0);
});

test('canary: a relay that saved its cursor before the disk has the records is caught', async (t) => {
  const drive = new Drive();
  drive.start();
  drive.disk.sync = async () => {};
  drive.api.commit('a');
  await drive.settle();
  t.true(drive.violations.some((violation) => violation.startsWith('a.11 was saved')));
});
