import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { ApiAddress } from './json-connection.ts';
import { waitUntil } from './wait-until.ts';

/** What `/metrics` of a server says. */
export function metricsText(address: ApiAddress): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...address, host: '127.0.0.1', path: '/metrics', agent: false });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => resolve(text(response)));
    outgoing.end();
  });
}

/** Waits until so many reloads of a set of files had a result, at least. */
export function reloaded(address: ApiAddress, set: string, result: string, count: number): Promise<void> {
  return waitUntil(`${count} ${result} of ${set}`, async () => {
    const line = (await metricsText(address)).match(
      new RegExp(`^holt_api_certificate_reloads_total{set="${set}",result="${result}"} (\\d+)$`, 'm'),
    );
    return Number(line?.[1] ?? 0) >= count;
  });
}
