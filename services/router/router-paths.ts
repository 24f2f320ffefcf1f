import { join } from 'node:path';
import { type HoltConfig, statePaths } from '../../lib/config.ts';
import { sessionKeyPaths } from '../../lib/session-token.ts';

/** Where the edge's files are. */
export interface RouterPaths {
  readonly directory: string;
  readonly haproxyConfig: string;
  /** HAProxy's Runtime API, level admin; for root only. */
  readonly adminSocket: string;
  /** Between HAProxy's listener and the frontend behind it. */
  readonly requestSocket: string;
  /** The last-known route table: written before HAProxy is told, read by HAProxy at its start. */
  readonly routesMap: string;
  /** Where holt-router answers for VMs in standby. */
  readonly wakeSocket: string;
  /** Revoked session ids; the value says since when. */
  readonly revokedMap: string;
  readonly pages: string;
  /** Boots whose first request was already reported. */
  readonly firstRequests: string;
  readonly sessionPublicKey: string;
}

export function routerPaths(config: Pick<HoltConfig, 'stateDir'>): RouterPaths {
  const { router, session } = statePaths(config.stateDir);
  return {
    directory: router,
    haproxyConfig: join(router, 'haproxy.cfg'),
    adminSocket: join(router, 'admin.sock'),
    requestSocket: join(router, 'requests.sock'),
    wakeSocket: join(router, 'wake.sock'),
    routesMap: join(router, 'routes.map'),
    revokedMap: join(router, 'revoked.map'),
    pages: join(router, 'pages'),
    firstRequests: join(router, 'first-requests.json'),
    sessionPublicKey: sessionKeyPaths(session).publicKey,
  };
}
