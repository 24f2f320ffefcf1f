import type { ReadinessProbe } from '../../crds/sandboxcontainer/definition.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Probe } from './http-probe.ts';
import { afterProbe, NOT_PROBED, type Readiness, type Thresholds } from './readiness.ts';

export interface ProberOptions {
  readonly probe: Probe;
  readonly clock: Clock;
  /** 0 to 1. */
  readonly random: () => number;
  /** Readiness, or what is to be said about it, changed. */
  readonly onChange: (key: string) => void;
  readonly onProbed: (passed: boolean, durationMs: number) => void;
}

export interface ProbeSubject {
  /** What `onChange` is told: the object's key. */
  readonly key: string;
  /** One run of one container: another one starts anew. */
  readonly instance: string;
  readonly socketPath: string;
  readonly address: string;
  readonly probe: ReadinessProbe;
  /** What the status says of this very run, so that a restart of the process changes nothing. */
  readonly wasReady: boolean;
}

/** Until it is ready for the first time a container is asked more often, so that it serves sooner. */
const startupPeriodMs = 500;
const jitter = 0.1;

interface Watch {
  readonly subject: ProbeSubject;
  /** The spec's probe as text: another one starts anew without losing readiness. */
  readonly settings: string;
  readonly stop: AbortController;
  readiness: Readiness;
  isStarting: boolean;
}

/** Probes containers, each by one probe at a time, and remembers how they stand. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #watches = new Map<string, Watch>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  /** Probes a container from now on, if not so already, and tells how it stands. */
  watch(uid: string, subject: ProbeSubject): Readiness {
    const settings = JSON.stringify([subject.probe, subject.address]);
    const known = this.#watches.get(uid);
    if (known?.subject.instance === subject.instance && known.settings === settings) return known.readiness;
    const isSameRun = known?.subject.instance === subject.instance;
    this.forget(uid);
    const wasReady = isSameRun ? known.readiness.isReady : subject.wasReady;
    const watch: Watch = {
      subject,
      settings,
      stop: new AbortController(),
      readiness: { ...NOT_PROBED, isReady: wasReady },
      isStarting: !wasReady,
    };
    this.#watches.set(uid, watch);
    void this.#run(watch);
    return watch.readiness;
  }

  /** Ends the probes of a container. */
  forget(uid: string): void {
    this.#watches.get(uid)?.stop.abort(new Error('probing ends'));
    this.#watches.delete(uid);
  }

  /** Ends all probes. */
  stop(): void {
    for (const uid of [...this.#watches.keys()]) this.forget(uid);
  }

  async #run(watch: Watch): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = watch.stop;
    const { initialDelaySeconds, periodSeconds } = watch.subject.probe;
    try {
      if (watch.isStarting) await clock.sleep(initialDelaySeconds * 1000, signal);
      while (!signal.aborted) {
        await this.#probeOnce(watch);
        const periodMs = watch.isStarting
          ? Math.min(startupPeriodMs, periodSeconds * 1000)
          : periodSeconds * 1000;
        await clock.sleep(periodMs * (1 + jitter * (2 * random() - 1)), signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async #probeOnce(watch: Watch): Promise<void> {
    const { clock, probe, onChange, onProbed } = this.#options;
    const { key, socketPath, address, probe: settings } = watch.subject;
    const { signal } = watch.stop;
    const startMs = clock.monotonicMs();
    const failure = await probe(
      { socketPath, address, ...settings.httpGet, timeoutMs: settings.timeoutSeconds * 1000 },
      signal,
    );
    if (signal.aborted) return;
    onProbed(failure === undefined, clock.monotonicMs() - startMs);
    const before = watch.readiness;
    watch.readiness = afterProbe(before, failure, watch.isStarting ? atStartup(settings) : settings);
    if (watch.readiness.isReady) watch.isStarting = false;
    if (watch.readiness.isReady !== before.isReady || watch.readiness.isFailing !== before.isFailing)
      onChange(key);
  }
}

/** Failures at the start come at a quicker pace and are no news: as many are allowed as take the same time. */
function atStartup(settings: ReadinessProbe): Thresholds {
  const pace = Math.max(1, (settings.periodSeconds * 1000) / startupPeriodMs);
  return { successThreshold: settings.successThreshold, failureThreshold: settings.failureThreshold * pace };
}
