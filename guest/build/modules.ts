/** Kernel modules by name, as `modules.dep` lists them. */
export interface ModuleIndex {
  /** Path below the modules directory, by module name (underscores). */
  readonly pathByName: ReadonlyMap<string, string>;
  /** Direct and indirect dependencies of a path, nearest first. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** Name as the kernel knows it: `kernel/drivers/virtio/virtio-rng.ko` is `virtio_rng`. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1);
  return file.replace(/\.ko(\..*)?$/, '').replaceAll('-', '_');
}

/** Reads depmod's `modules.dep`: `path: dependency dependency ...` a line. */
export function parseModulesDep(text: string): ModuleIndex {
  const pathByName = new Map<string, string>();
  const dependencies = new Map<string, readonly string[]>();
  for (const line of text.split('\n')) {
    const [path, rest] = line.split(':', 2);
    if (path === undefined || rest === undefined) continue;
    pathByName.set(moduleName(path), path);
    dependencies.set(path, rest.split(' ').filter(Boolean));
  }
  return { pathByName, dependencies };
}

/**
 * Paths of the modules and of all they need, each after its dependencies, in the order of `names`.
 * @throws Error naming a module that the kernel package lacks
 */
export function loadOrder(index: ModuleIndex, names: readonly string[]): string[] {
  const ordered = new Set<string>();
  for (const name of names) {
    const path = index.pathByName.get(name);
    if (path === undefined) throw new Error(`the kernel package has no module "${name}"`);
    // depmod lists the nearest dependency first, so the farthest is loaded first.
    for (const dependency of [...(index.dependencies.get(path) ?? [])].reverse()) ordered.add(dependency);
    ordered.add(path);
  }
  return [...ordered];
}
