import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked, runCommand } from '../../lib/run-command.ts';

/** A throw-away CA: PEM files in one directory. */
export interface TestPki {
  readonly dir: string;
  /** Makes a certificate; `<name>.crt` and `<name>.key` in `dir`. */
  issue(name: string, subject: string, extensions?: string): Promise<{ cert: Buffer; key: Buffer }>;
  ca(): Promise<Buffer>;
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Makes a CA in `dir`. */
export async function createTestPki(dir: string): Promise<TestPki> {
  await mkdir(dir, { recursive: true });
  const file = (name: string) => join(dir, name);
  const openssl = (...args: string[]) => runChecked(runCommand, ['openssl', ...args]);
  await openssl(
    ...['req', '-x509', ...NEW_KEY, '-days', '2', '-subj', '/CN=holt-test-ca'],
    ...['-keyout', file('ca.key'), '-out', file('ca.crt')],
  );
  const read = async (name: string) => ({
    cert: await readFile(file(`${name}.crt`)),
    key: await readFile(file(`${name}.key`)),
  });
  return {
    dir,
    ca: () => readFile(file('ca.crt')),
    issue: async (name, subject, extensions = 'extendedKeyUsage=clientAuth') => {
      const extensionFile = file(`${name}.ext`);
      await writeFile(extensionFile, `${extensions}\n`);
      await openssl(
        ...['req', ...NEW_KEY, '-subj', subject],
        ...['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)],
      );
      await openssl(
        ...['x509', '-req', '-in', file(`${name}.csr`), '-days', '2', '-extfile', extensionFile],
        ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial', '-out', file(`${name}.crt`)],
      );
      return read(name);
    },
  };
}
