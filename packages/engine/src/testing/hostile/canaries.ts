import assert from 'node:assert/strict'
import { chmod, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeEmptyQcow2 } from '../../disk/empty-qcow2.ts'
import { HeldFolder } from '../../disk/held-folder.ts'

/** Stands in every canary's content. It must never be in an answer. */
const secretWord = 'canary-5a1f0c'

/** Files of root's outside of what a VM may reach: none of them may be read or changed, and none be added. */
export class Canaries {
  readonly folder: string
  #before = ''

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(folder: string): Promise<Canaries> {
    const canaries = new Canaries(folder)
    await mkdir(join(folder, 'folder'), { recursive: true })
    for (const name of ['secret', 'folder/inner'])
      await writeFile(join(folder, name), `${secretWord}\n`.repeat(20_000), { mode: 0o600 })
    await using held = await HeldFolder.open(folder)
    await using drive = await held.create('drive.qcow2', 0o600)
    await writeEmptyQcow2(drive, 2 ** 30)
    await drive.write(secretWord, 8192)
    // Names can be guessed, and a hostile process may pass.
    await chmod(folder, 0o711)
    canaries.#before = await canaries.#look()
    return canaries
  }

  /** Content, owner, mode, length, times of content and inode, and the number of names. Reading changes none of them. */
  async #look(): Promise<string> {
    const names = ['.', ...(await readdir(this.folder, { recursive: true }))].sort()
    const seen = await Promise.all(
      names.map(async (name) => {
        const path = join(this.folder, name)
        const { uid, gid, mode, size, nlink, ino, mtimeNs, ctimeNs } = await lstat(path, { bigint: true })
        const content = (await readFile(path, 'latin1').catch(() => '')).length
        return [name, uid, gid, mode, size, nlink, ino, mtimeNs, ctimeNs, content].join(' ')
      }),
    )
    return seen.join('\n')
  }

  async mustBeAsBefore(): Promise<void> {
    assert.equal(await this.#look(), this.#before)
  }
}

/** Requires that nothing of a canary is in what a client or a guest could get. */
export function mustBeClean(answer: string | Uint8Array, what: string): void {
  assert.ok(!Buffer.from(answer).includes(secretWord), `${what} shows a file of root's`)
}
