import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../../process/run-process.ts'

/** Everything of a tree that a layer can say, a line a path, in order. Extended attributes are read with getfattr(1) of Debian's `attr`. */
export async function listTree(root: string): Promise<string[]> {
  const paths = ['.', ...(await readdir(root, { recursive: true }))].toSorted()
  const attributes = await attributesBelow(root)
  const groups = new Map<number, string>()
  const lines: string[] = []
  for (const path of paths) {
    const at = join(root, path)
    const { mode, uid, gid, mtimeMs, ino, nlink, size } = await lstat(at)
    const type = mode & 0o170000
    const isFile = type === 0o100000
    const content = isFile
      ? createHash('sha256')
          .update(await readFile(at))
          .digest('hex')
          .slice(0, 16)
      : type === 0o120000
        ? await readlink(at)
        : ''
    const same = isFile && nlink > 1 ? (groups.get(ino) ?? groups.set(ino, path).get(ino)) : ''
    lines.push(
      [
        path,
        mode.toString(8),
        uid,
        gid,
        Math.floor(mtimeMs / 1000),
        isFile ? size : '',
        content,
        same,
        attributes.get(path) ?? '',
      ].join(' '),
    )
  }
  return lines
}

async function attributesBelow(root: string): Promise<Map<string, string>> {
  const { stdout } = await run(['getfattr', '-R', '-P', '-h', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: root })
  const found = new Map<string, string>()
  for (const block of stdout.split('\n\n')) {
    const [first = '', ...lines] = block.split('\n')
    if (first.startsWith('# file: '))
      found.set(
        first.slice(8),
        lines
          .filter((line) => line !== '')
          .toSorted()
          .join(' '),
      )
  }
  return found
}
