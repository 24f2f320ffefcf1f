import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { osErrorText, VmFailure } from '../api-failure.ts';
import { readVmConfig, type VmConfig } from '../config/vm-config.ts';

const sendFailure = 'Failed to send migratable component snapshot';
const receiveFailure = 'Failed to receive migratable component snapshot';
const sending = ['Cannot send VM snapshot', sendFailure] as const;
const receiving = ['Cannot restore VM', receiveFailure] as const;

/** Mark of the stand-in's own snapshots: it cannot read the real VMM's, nor the other way round. */
const maker = 'stand-in for cloud-hypervisor';

/** Writes a VM's configuration and state to new files; returns where its memory goes. @throws VmFailure */
export function writeSnapshot(url: string, config: VmConfig): string {
  const folder = folderOf(url, 'Cannot send VM snapshot');
  createFile(join(folder, 'config.json'), JSON.stringify(config), 'Error creating VM config snapshot file');
  createFile(join(folder, 'state.json'), JSON.stringify({ maker }), 'Error creating VM state snapshot file');
  return join(folder, 'memory-ranges');
}

/** Reads what `writeSnapshot` wrote. @throws VmFailure */
export function readSnapshot(url: string): { config: VmConfig; memoryFrom: string } {
  const folder = folderOf(url, 'Cannot restore VM');
  const config = readVmConfig(readText(join(folder, 'config.json'), 'Error opening VM config snapshot file'));
  const state = readText(join(folder, 'state.json'), 'Error opening VM state snapshot file');
  if (!isOwn(state)) {
    throw new VmFailure(...receiving, 'The stand-in for cloud-hypervisor restores its own snapshots alone');
  }
  return { config, memoryFrom: join(folder, 'memory-ranges') };
}

function isOwn(state: string): boolean {
  try {
    return (JSON.parse(state) as { maker?: unknown } | null)?.maker === maker;
  } catch {
    return false;
  }
}

function folderOf(url: string, words: string): string {
  if (!url.startsWith('file://')) {
    throw new VmFailure(words, sendFailure, `Could not extract path from URL: ${url}`);
  }
  const folder = url.slice('file://'.length);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new VmFailure(words, sendFailure, `Destination is not a directory: ${JSON.stringify(folder)}`);
  }
  return folder;
}

function createFile(path: string, text: string, words: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    throw new VmFailure(...sending, words, osErrorText(error));
  }
}

function readText(path: string, words: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new VmFailure(...receiving, `${words} ${JSON.stringify(path)}`, osErrorText(error));
  }
}
