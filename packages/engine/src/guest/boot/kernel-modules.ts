/**
 * Modules that the platform's init loads before the root drive is there, by file name without .ko. Those that a kernel has built in, or does not have,
 * are left out; everything else comes from the modules drive. `button` and `evdev`: the power button.
 */
export const bootModules: readonly string[] = [
  'virtio_mmio',
  'virtio_pci',
  'virtio_blk',
  'virtio_console',
  'virtio_net',
  'virtio-rng',
  'ext4',
  'crc32c_generic',
  'overlay',
  'button',
  'evdev',
]

/**
 * Paths of modules.dep(5) in the order in which they can be loaded, dependencies first; pure. A module listed there needs all that stands right of its colon;
 * those are loaded from the last to the first.
 */
export function loadOrder(modulesDep: string, wanted: readonly string[] = bootModules): string[] {
  const needs = new Map<string, string[]>()
  const byName = new Map<string, string>()
  for (const line of modulesDep.split('\n')) {
    const [path, rest = ''] = line.split(':')
    if (!path) continue
    needs.set(path, rest.split(' ').filter(Boolean))
    byName.set(moduleName(path), path)
  }
  const order = new Set<string>()
  const add = (path: string) => {
    if (order.has(path)) return
    for (const need of (needs.get(path) ?? []).toReversed()) add(need)
    order.add(path)
  }
  for (const name of wanted) {
    const path = byName.get(moduleName(name))
    if (path !== undefined) add(path)
  }
  return [...order]
}

/** The kernel treats - and _ as equal (modprobe(8)). */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_')
}
