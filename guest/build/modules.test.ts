import test from 'ava';
import { loadOrder, moduleName, parseModulesDep } from './modules.ts';

const index = parseModulesDep(`kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/char/hw_random/virtio-rng.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
`);

test('a module comes after all that it needs, and once', (t) => {
  t.deepEqual(loadOrder(index, ['virtio_blk', 'virtio_rng']), [
    'kernel/drivers/virtio/virtio_ring.ko',
    'kernel/drivers/virtio/virtio.ko',
    'kernel/drivers/block/virtio_blk.ko',
    'kernel/drivers/char/hw_random/virtio-rng.ko',
  ]);
});

test('dashes and compression in file names are not part of a module name', (t) => {
  t.is(moduleName('kernel/x/virtio-rng.ko.xz'), 'virtio_rng');
});

test('a module that the kernel lacks is named', (t) => {
  t.throws(() => loadOrder(index, ['erofs']), { message: 'the kernel package has no module "erofs"' });
});
