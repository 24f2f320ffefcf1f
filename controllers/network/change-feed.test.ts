import test from 'ava';
import { systemClock } from '../../lib/clock.ts';
import { runChecked, runCommand } from '../../lib/run-command.ts';
import { createChangeFeed } from './change-feed.ts';

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('tells of devices and firewall entries, and again after its programs were killed', async (t) => {
  const netns = `holt-feed-${process.pid}`;
  const run = (...argv: string[]) => runChecked(runCommand, argv);
  await run('ip', 'netns', 'add', netns);
  const stop = new AbortController();
  const feed = createChangeFeed({ netns, clock: systemClock, restartMs: 10 });
  const running = feed.run(stop.signal);
  t.teardown(async () => {
    stop.abort();
    await running;
    await run('ip', 'netns', 'del', netns);
  });
  /** The program may not listen yet: the change is made until it is told. */
  const untilTold = async (change: (round: number) => Promise<unknown>) => {
    let isTold = false;
    void feed.next().then(() => {
      isTold = true;
    });
    for (let round = 0; !isTold; round += 1) await change(round);
  };
  const inside = (...argv: string[]) => run('ip', 'netns', 'exec', netns, ...argv);
  await untilTold((round) => inside('ip', 'link', 'add', `d${round}`, 'type', 'bridge'));
  await untilTold((round) => inside('nft', 'add', 'table', 'inet', `t${round}`));
  t.true(feed.isTelling());
  const pids = (await run('ip', 'netns', 'pids', netns)).trim().split('\n').map(Number);
  t.is(pids.length, 2);
  const told = feed.next();
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await told;
  await untilTold((round) => inside('ip', 'link', 'add', `e${round}`, 'type', 'bridge'));
  t.pass();
});
