import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where Docker and podman look for the certificates of a registry's own authority: `HOST[:PORT]/*.crt`. */
const folders = ['/etc/docker/certs.d', '/etc/containers/certs.d']

/** As PEM. Client certificates (.cert, .key) are not used. */
export async function ownAuthorities(host: string): Promise<readonly string[]> {
  if (!/^[a-z0-9.:[\]-]+$/i.test(host)) return []
  const found: string[] = []
  for (const folder of folders) {
    const names = await readdir(join(folder, host)).catch(() => [])
    for (const name of names.filter((each) => each.endsWith('.crt'))) found.push(await readFile(join(folder, host, name), 'utf8'))
  }
  return found
}
