import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultPlan } from '../../testing/fault-plan.ts';
import { hostVolumeFiles, type VolumeFiles } from '../volume-files.ts';
import { type VolumePaths, volumePaths } from '../volume-paths.ts';

/** A volumes directory of its own in the real file system, whose effects can be made to fail. */
export class VolumeBed {
  readonly directory: string;
  readonly paths: VolumePaths;
  readonly files: VolumeFiles;

  private constructor(directory: string, faults: FaultPlan) {
    this.directory = directory;
    this.paths = volumePaths(directory);
    this.files = faults.wrap(hostVolumeFiles);
  }

  static async make(
    t: { teardown(work: () => Promise<void>): void },
    faults: FaultPlan = new FaultPlan(),
  ): Promise<VolumeBed> {
    const directory = await mkdtemp(join(tmpdir(), 'holt-volumes-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    return new VolumeBed(directory, faults);
  }

  /** A volume with this content, made outside of the faults. */
  async put(path: string, content: string): Promise<void> {
    await hostVolumeFiles.makeDirectory(join(path, '..'));
    await writeFile(path, content);
  }

  /** Every file by its path below the directory, with its text. */
  async tree(): Promise<Record<string, string>> {
    const names = await readdir(this.directory, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const texts = await Promise.all(files.map((path) => readFile(path, 'utf8')));
    return Object.fromEntries(
      files.map((path, index) => [path.slice(this.directory.length + 1), texts[index] ?? '']).sort(),
    );
  }
}
