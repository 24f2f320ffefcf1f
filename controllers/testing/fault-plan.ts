/**
 * What happens at one effect. `before` and `after` are a SIGKILL of the process before the effect, or after it
 * and before its answer is seen; `fail` and `ambiguous` are an error without the effect, and with it.
 */
export type FaultKind = 'before' | 'after' | 'fail' | 'ambiguous';
export const FAULT_KINDS: readonly FaultKind[] = ['before', 'after', 'fail', 'ambiguous'];

/** Numbers the effects of a scenario and puts a fault at one of them. */
export class FaultPlan {
  readonly names: string[] = [];
  readonly #at: number;
  readonly #kind: FaultKind | undefined;
  #crash = Promise.withResolvers<never>();

  constructor(fault?: { readonly at: number; readonly kind: FaultKind }) {
    this.#at = fault?.at ?? -1;
    this.#kind = fault?.kind;
    this.#crash.promise.catch(() => {});
  }

  /** Rejects when the process is killed; renewed by `restart`. */
  get crashed(): Promise<never> {
    return this.#crash.promise;
  }

  restart(): void {
    this.#crash = Promise.withResolvers<never>();
    this.#crash.promise.catch(() => {});
  }

  /** All functions of the object, each call an effect. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name, object);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => this.#effect(String(name), () => value.apply(object, args));
      },
    });
  }

  async #effect(name: string, work: () => Promise<unknown>): Promise<unknown> {
    const number = this.names.push(name) - 1;
    if (number !== this.#at || this.#kind === undefined) return work();
    if (this.#kind === 'fail') throw new Error(`injected: ${name} failed`);
    if (this.#kind === 'after') await work().catch(() => {});
    if (this.#kind === 'ambiguous') {
      await work();
      throw new Error(`injected: ${name} gave no answer`);
    }
    this.#crash.reject(new CrashedError());
    // Whoever waited for the answer is dead: it never comes.
    return new Promise(() => {});
  }
}

export class CrashedError extends Error {}
