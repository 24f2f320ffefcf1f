import { Histogram, type Registry } from 'prom-client';

/** Measures how long it takes to read whole artifacts, in seconds. */
export function artifactReadMeter(registry: Registry): (digest: string, seconds: number) => void {
  const histogram = new Histogram({
    name: 'holt_artifact_read_seconds',
    help: 'Time to read every byte of a guest image, for its digests',
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [registry],
  });
  return (_digest, seconds) => histogram.observe(seconds);
}
