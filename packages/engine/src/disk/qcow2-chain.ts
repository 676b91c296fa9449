/** What is below the last file of a chain: nothing, or that many bytes of zeros, for tools that need a backing node. */
export type ChainEnd = null | { readonly zerosBytes: number }

/**
 * Describes a chain of qcow2 files, topmost first, for QEMU's tools: every node is named and the last has no backing, so names inside files are never followed
 * (qemu-img(1): a file name that begins with `json:` is a block device's options).
 */
export function chainOptions(files: readonly string[], end: ChainEnd = null): string {
  const bottom = end && { driver: 'null-co', 'read-zeroes': true, size: end.zerosBytes }
  const node = ([file, ...below]: readonly string[]): object => ({
    driver: 'qcow2',
    file: { driver: 'file', filename: file },
    backing: below.length > 0 ? node(below) : bottom,
  })
  return `json:${JSON.stringify(node(files))}`
}
