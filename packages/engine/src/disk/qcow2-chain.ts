/**
 * A chain of qcow2 files, topmost first, as QEMU's tools open it: every node named, the last one without backing, so that names inside files are never followed
 * (qemu-img(1): a file name that begins with `json:` is a block device's options).
 */
export function chainOptions(files: readonly string[]): string {
  const node = ([file, ...below]: readonly string[]): object => ({
    driver: 'qcow2',
    file: { driver: 'file', filename: file },
    backing: below.length > 0 ? node(below) : null,
  })
  return `json:${JSON.stringify(node(files))}`
}
