/** Below the last file of a chain: nothing, or as many bytes of zeros, for what must see that there is something. */
export type ChainEnd = null | { readonly zerosBytes: number }

/**
 * A chain of qcow2 files, topmost first, as QEMU's tools open it: every node named, the last one without backing, so that names inside files are never followed
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
