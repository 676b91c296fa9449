import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '@ramet/engine'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'

/**
 * Logins at registries that manifests gave (`registryAuth`): a file a playground, `secrets/registry-auth/<id>.json`, root's alone (0600). They are in no row: a
 * store may be on another host, and its dumps go elsewhere. They are not encrypted: the key would lie beside them, for a server that starts by itself.
 */
export class RegistryAuths {
  readonly #folder: string

  constructor(home: string) {
    this.#folder = join(home, 'secrets', 'registry-auth')
  }

  /** Before the row of the playground is written: unless `keep` is called, it is gone when the result is disposed of. Undefined: nothing to keep. */
  async put(playgroundId: string, auth: RegistryAuth | undefined): Promise<AsyncDisposable & { keep(): void }> {
    let isKept = auth === undefined
    if (auth !== undefined) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 })
      const { host, user, password } = auth
      await writeFileAtomically(this.#file(playgroundId), JSON.stringify({ host, user, password }), 0o600)
    }
    return {
      keep() {
        isKept = true
      },
      [Symbol.asyncDispose]: async () => {
        if (!isKept) await this.remove(playgroundId)
      },
    }
  }

  /** Undefined when it has none, or a file that cannot be read. */
  async find(playgroundId: string): Promise<RegistryAuth | undefined> {
    try {
      const { host, user, password } = JSON.parse(await readFile(this.#file(playgroundId), 'utf8')) as Partial<RegistryAuth>
      const isWhole = [host, user, password].every((each) => typeof each === 'string' && each !== '')
      return isWhole ? ({ host, user, password } as RegistryAuth) : undefined
    } catch {
      return undefined
    }
  }

  async remove(playgroundId: string): Promise<void> {
    await rm(this.#file(playgroundId), { force: true })
  }

  /** Removes what a crash left of playgrounds that are not among these. */
  async keepOnly(playgroundIds: readonly string[]): Promise<void> {
    const kept = new Set(playgroundIds.map((id) => `${id}.json`))
    const names = await readdir(this.#folder).catch((): string[] => [])
    for (const name of names) if (!kept.has(name)) await rm(join(this.#folder, name), { force: true })
  }

  #file(playgroundId: string): string {
    return join(this.#folder, `${playgroundId}.json`)
  }
}
