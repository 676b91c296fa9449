import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { temporarySuffix } from './files.ts'

export interface Claim {
  /** Of the thing that is claimed; also the file's name. */
  readonly name: string
  readonly installation: string
  readonly runId: string
}

/**
 * Claims of things of the host, one file each, shared by all servers on the host: the file's name is the claim, its content who holds it.
 * A claim of another installation is never ours to remove, however dead its home looks.
 */
export class Claims {
  readonly #folder: string
  readonly #names: RegExp
  /** By name. */
  readonly #read = new Map<string, Claim>()

  /** `names`: what a claim looks like; other files in the folder are left alone. */
  constructor(folder: string, names: RegExp) {
    this.#folder = folder
    this.#names = names
  }

  /** Reads each once: what a claim says never changes, and those of this installation are made and released here alone. */
  async list(): Promise<Claim[]> {
    const files = await readdir(this.#folder).catch((error: NodeJS.ErrnoException): string[] => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const there = new Set(files.filter((file) => this.#names.test(file)))
    for (const name of this.#read.keys()) if (!there.has(name)) this.#read.delete(name)
    await Promise.all([...there].filter((name) => !this.#read.has(name)).map((name) => this.#readOne(name)))
    return [...this.#read.values()]
  }

  /** What the run holds; looks at the file itself. */
  async of(installation: string, runId: string): Promise<Claim | undefined> {
    const isMine = (claim: Claim | undefined) => claim?.installation === installation && claim.runId === runId
    const found = (await this.list()).find(isMine)
    const now = found && (await this.#readOne(found.name))
    return isMine(now) ? now : undefined
  }

  /** Undefined when it is gone. */
  async #readOne(name: string): Promise<Claim | undefined> {
    const content = await readFile(join(this.#folder, name), 'utf8').catch(() => undefined)
    if (content === undefined) {
      this.#read.delete(name)
      return undefined
    }
    const [installation = '', runId = ''] = content.trim().split(' ')
    const claim = { name, installation, runId }
    this.#read.set(name, claim)
    return claim
  }

  /** False when it is claimed already. Whole or not at all: link(2) fails when somebody was faster, and there is never a claim without its holder. */
  async claim(claim: Claim): Promise<boolean> {
    const { name, installation, runId } = claim
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    const temporary = join(this.#folder, `${randomBytes(8).toString('hex')}${temporarySuffix}`)
    try {
      await writeFile(temporary, `${installation} ${runId}\n`, { flag: 'wx', mode: 0o644 })
      await link(temporary, join(this.#folder, name))
      this.#read.set(name, claim)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async release(installation: string, runId: string): Promise<void> {
    for (const claim of await this.list()) {
      if (claim.installation !== installation || claim.runId !== runId) continue
      await rm(join(this.#folder, claim.name), { force: true })
      this.#read.delete(claim.name)
    }
  }
}
