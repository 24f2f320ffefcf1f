import test from 'ava';
import { systemClock } from '../../lib/clock.ts';
import { ArtifactStore } from './artifact-store.ts';
import { sightImage } from './image-sight.ts';

test('an image that is not there is missing only once the images were listed', (t) => {
  let isListed = false;
  const imagesDirectory = '/var/lib/holt/images';
  const deps = {
    images: { get: () => undefined },
    isListed: () => isListed,
    store: new ArtifactStore({ imagesDirectory, clock: systemClock }),
    imagesDirectory,
  };
  t.deepEqual(sightImage(deps, 'default'), { state: 'pending' });
  isListed = true;
  t.like(sightImage(deps, 'default'), { state: 'missing', reason: 'GuestImageNotFound' });
});
