import { closeSync, openSync } from 'node:fs';
import { osErrorText, VmFailure } from '../api-failure.ts';
import type { VmConfig } from '../config/vm-config.ts';

/** Makes the console files, empty. @throws VmFailure */
export function openConsoles(config: VmConfig): void {
  for (const { mode, file } of [config.serial, config.console]) {
    if (mode !== 'File' || file === undefined) continue;
    try {
      closeSync(openSync(file, 'w'));
    } catch (error) {
      throw new VmFailure(
        'Error creating console devices',
        'Error creating console device',
        osErrorText(error),
      );
    }
  }
}
