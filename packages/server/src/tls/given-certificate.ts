import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Identity } from './certificate.ts'

export interface GivenFiles {
  readonly certificate: string
  readonly key: string
}

export interface GivenOptions {
  readonly everyMs?: number
  /** The files have changed and go together. */
  changed(identity: Identity): void
  /** The files have changed and cannot be used; the certificate of before goes on. */
  failed(error: RametError): void
}

/** A certificate and a key of one's own, as programs such as certbot write them. */
export class GivenCertificate implements Disposable {
  readonly identity: Identity
  readonly #timer: NodeJS.Timeout

  private constructor(files: GivenFiles, identity: Identity, stamp: string, { everyMs = 2000, changed, failed }: GivenOptions) {
    this.identity = identity
    let seen = stamp
    let isLooking = false
    // Looked at by name, again and again: files are replaced by renaming, or behind a link, which a watch of the file does not see.
    this.#timer = setInterval(async () => {
      if (isLooking) return
      isLooking = true
      const now = await stampOf(files)
      if (now !== seen) {
        seen = now
        await readGiven(files).then(changed, failed)
      }
      isLooking = false
    }, everyMs).unref()
  }

  /** Throws bad_tls_files. */
  static async open(files: GivenFiles, options: GivenOptions): Promise<GivenCertificate> {
    const stamp = await stampOf(files)
    return new GivenCertificate(files, await readGiven(files), stamp, options)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}

/** Of both files; the same while neither has changed. */
async function stampOf({ certificate, key }: GivenFiles): Promise<string> {
  const stamps = [certificate, key].map(async (path) => {
    const { mtimeMs, ino, size } = await stat(path)
    return `${mtimeMs} ${ino} ${size}`
  })
  return (await Promise.all(stamps).catch(() => ['gone'])).join(', ')
}

async function readGiven(files: GivenFiles): Promise<Identity> {
  try {
    const [certificate, key] = await Promise.all([readFile(files.certificate, 'utf8'), readFile(files.key, 'utf8')])
    if (!new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is not that of the certificate')
    return { certificate, key }
  } catch (error) {
    throw new RametError(
      'bad_tls_files',
      400,
      `${files.certificate} and ${files.key} cannot be used for https: ${(error as Error).message}`,
      {
        hint: 'Give the certificate with its chain, and its key without a password, both as PEM: --tls-cert FILE --tls-key FILE.',
      },
    )
  }
}
