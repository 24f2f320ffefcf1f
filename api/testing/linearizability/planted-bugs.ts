import type { AnomalyKind } from './anomaly.ts';
import type { LeaseClient } from './operation.ts';
import {
  plantedDirtyRead,
  plantedFalseNotFound,
  plantedResurrect,
  plantedRevisionBack,
  plantedShortList,
  plantedStaleRead,
  plantedTornList,
} from './planted-reads.ts';
import {
  plantedDoubleDelete,
  plantedDryRunWrite,
  plantedDuplicateCreate,
  plantedLostDelete,
  plantedLostUpdate,
  plantedLostWrite,
  plantedPhantomWrite,
} from './planted-writes.ts';

/** A way in which a server could be wrong, and how the check must name it. */
export interface PlantedBug {
  readonly name: string;
  readonly caughtAs: AnomalyKind;
  readonly plantClient: (client: LeaseClient) => LeaseClient;
}

/** Each is the only thing wrong in the run that it is planted in. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'stale read', caughtAs: 'stale', plantClient: plantedStaleRead },
  { name: 'lost update', caughtAs: 'lost-update', plantClient: plantedLostUpdate },
  { name: 'lost write', caughtAs: 'lost-write', plantClient: plantedLostWrite },
  { name: 'duplicate create', caughtAs: 'lost-write', plantClient: plantedDuplicateCreate },
  { name: 'resurrection after a delete', caughtAs: 'stale', plantClient: plantedResurrect },
  { name: 'a revision that goes back', caughtAs: 'stale', plantClient: plantedRevisionBack },
  { name: 'phantom write after a refusal', caughtAs: 'phantom-write', plantClient: plantedPhantomWrite },
  { name: 'dry run that writes', caughtAs: 'phantom-write', plantClient: plantedDryRunWrite },
  { name: 'dirty read', caughtAs: 'dirty-read', plantClient: plantedDirtyRead },
  { name: 'lost delete', caughtAs: 'lost-write', plantClient: plantedLostDelete },
  { name: 'double delete', caughtAs: 'duplicate-write', plantClient: plantedDoubleDelete },
  { name: 'torn list', caughtAs: 'torn-list', plantClient: plantedTornList },
  { name: 'list that lacks an object', caughtAs: 'torn-list', plantClient: plantedShortList },
  { name: 'not found, and there', caughtAs: 'stale', plantClient: plantedFalseNotFound },
];
