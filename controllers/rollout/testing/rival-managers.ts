import type { RolloutReconciler } from '../reconcile.ts';
import type { Fleet, FleetSight, RolloutEffects } from './fleet.ts';

const { signal } = new AbortController();

/**
 * Two managers that both believe to lead. Their calls go through one at a time in any order, and each decides first
 * on what its caches showed some time ago. One that is replaced lives on until its reconcile ends.
 */
export class RivalManagers {
  readonly #fleet: Fleet;
  readonly #random: (below: number) => number;
  readonly #waiting: (() => void)[] = [];
  readonly #sights: FleetSight[];
  readonly #managers: RolloutReconciler[];
  readonly #running = [false, false];

  /** @param random a number from 0 to below its argument */
  constructor(fleet: Fleet, random: (below: number) => number) {
    this.#fleet = fleet;
    this.#random = random;
    this.#sights = this.#running.map(() => fleet.look());
    this.#managers = this.#running.map((_, index) => this.#newManager(index));
  }

  /** One call goes through. Calm managers have caches that are up to date. */
  async step(isCalm: boolean): Promise<void> {
    for (const index of this.#running.keys()) {
      if (isCalm || this.#random(4) === 0) this.#sights[index] = this.#fleet.look();
      if (!this.#running[index]) this.#start(index);
    }
    await new Promise((resolve) => setImmediate(resolve));
    const [call] = this.#waiting.splice(this.#random(Math.max(1, this.#waiting.length)), 1);
    call?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Another process takes over; the one before does not know, and what it sent still arrives. */
  replace(): void {
    const index = this.#random(this.#managers.length);
    this.#managers[index] = this.#newManager(index);
    this.#running[index] = false;
  }

  #newManager(index: number): RolloutReconciler {
    const cache = () => this.#sights[index] ?? this.#fleet.look();
    return this.#fleet.manager(this.#slow(this.#fleet.effects), cache);
  }

  #start(index: number): void {
    const manager = this.#managers[index];
    this.#running[index] = true;
    void manager
      ?.reconcile({ namespace: '', name: 'default' }, { signal })
      .catch(() => {})
      .then(() => {
        if (this.#managers[index] === manager) this.#running[index] = false;
      });
  }

  #slow(effects: RolloutEffects): RolloutEffects {
    const slow =
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        await new Promise<void>((resolve) => this.#waiting.push(resolve));
        return call(...args);
      };
    return {
      getImage: slow(effects.getImage),
      listVms: slow(effects.listVms),
      commitImage: slow(effects.commitImage),
      commitVm: slow(effects.commitVm),
    };
  }
}
