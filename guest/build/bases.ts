import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type RunCommand, runChecked } from '../../lib/run-command.ts';
import { type AptSetup, exists } from './apt.ts';
import { CLOSURE_PACKAGES, KERNEL_PACKAGES, ROOT_PACKAGES } from './packages.ts';

/** Every time stamp in the image, in seconds since the epoch; the value means nothing. */
export const SOURCE_DATE_EPOCH = 1_700_000_000;

/** The unpacked Debian packages that an image starts from. */
export interface Bases {
  readonly rootTar: string;
  readonly kernelTar: string;
  readonly closureTar: string;
  /** SHA-256 of the three, in this order: the same packages give the same tars. */
  readonly digests: readonly string[];
}

export interface BasesOptions {
  readonly run: RunCommand;
  readonly apt: AptSetup;
  /** Finished bases are kept here and used again. */
  readonly directory: string;
  readonly progress: (line: string) => void;
}

/**
 * Makes the three tars with mmdebstrap, or finds them from before.
 * @throws CommandError with mmdebstrap's words, such as a mirror that cannot be reached
 */
export async function ensureBases(options: BasesOptions): Promise<Bases> {
  const { directory, progress } = options;
  const tar = (name: string, dir = directory) => join(dir, `${name}.tar`);
  const digestsFile = join(directory, 'digests.json');
  if (!(await exists(digestsFile))) {
    const unfinished = `${directory}.${process.pid}`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    try {
      progress('fetching and unpacking Debian packages (mmdebstrap)');
      await Promise.all([
        mmdebstrap(options, 'minbase', ROOT_PACKAGES, tar('root', unfinished), trimOptions),
        (async () => {
          await mmdebstrap(options, 'extract', KERNEL_PACKAGES, tar('kernel', unfinished), kernelOptions);
          await mmdebstrap(options, 'extract', CLOSURE_PACKAGES, tar('closure', unfinished), trimOptions);
        })(),
      ]);
      const names = ['root', 'kernel', 'closure'];
      const digests = await Promise.all(names.map((name) => digestFile(tar(name, unfinished))));
      await writeFile(join(unfinished, 'digests.json'), JSON.stringify(digests));
      await rename(unfinished, directory);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  } else {
    progress('using the unpacked Debian packages of an earlier build');
  }
  return {
    rootTar: tar('root'),
    kernelTar: tar('kernel'),
    closureTar: tar('closure'),
    digests: JSON.parse(await readFile(digestsFile, 'utf8')),
  };
}

const trimOptions = [
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/doc/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
];

const kernelOptions = [
  '--customize-hook=find "$1" -mindepth 1 -maxdepth 1 ! -name boot ! -name lib -exec rm -rf {} +',
  '--customize-hook=find "$1/lib" -mindepth 1 -maxdepth 1 ! -name modules -exec rm -rf {} +',
];

async function mmdebstrap(
  { run, apt }: BasesOptions,
  variant: 'minbase' | 'extract',
  packages: readonly string[],
  target: string,
  extra: readonly string[],
): Promise<void> {
  await runChecked(
    run,
    [
      'mmdebstrap',
      '--quiet',
      `--variant=${variant}`,
      `--include=${packages.join(',')}`,
      '--aptopt=APT::Install-Recommends "false"',
      ...apt.options.map((option) => `--aptopt=${option}`),
      ...extra,
      'bookworm',
      target,
      apt.sourcesFile,
    ],
    {
      timeoutMs: 300_000,
      env: { ...process.env, SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH), LC_ALL: 'C.UTF-8' },
    },
  );
}

/** SHA-256 of a file, in hexadecimal. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
