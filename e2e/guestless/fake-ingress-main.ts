import { createServer } from 'node:http';

/**
 * FakeIngress: runs in the VMs' network namespace and answers in place of all guests' ingresses at once (the
 * addresses of the subnet are local there, see `guestless-host.ts`), also for VMs that do not run.
 */
createServer((_request, response) => response.end('fake ingress\n')).listen(8080, '0.0.0.0', () => {
  process.stdout.write('listening\n');
});
// A signal may reach the whole group: the parent ends this process.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
