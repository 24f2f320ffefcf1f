import type { ApiClient } from '../api/client/index.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { ControllerMetrics, StatusCommitter } from './runtime/index.ts';

/** What every controller of holt-manager is given. */
export interface ManagerContext {
  readonly client: ApiClient;
  readonly committer: StatusCommitter;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ControllerMetrics;
}
