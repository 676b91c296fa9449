import { RametError } from '@ramet/model/errors/error.ts'
import { runBuild } from './build-process.ts'

/** Where this host gets Debian from. URIs as in its own apt sources (they may be `mirror+file:` or go through a proxy of its apt configuration). */
export interface DebianMirror {
  readonly archive: string
  /** Absent when the host takes no security updates from anywhere. */
  readonly security: string | undefined
}

export const debianKeyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

const releases = /^(bullseye|bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable)$/
const fields = '$(CREATED_BY)|$(COMPONENT)|$(REPO_URI)|$(RELEASE)|$(ORIGIN)'

/** Reads the host's own apt sources through apt, which knows both of their formats. */
export async function debianMirror(): Promise<DebianMirror> {
  const { stdout } = await runBuild(['apt-get', 'indextargets', '--format', fields])
  return parseMirrors(stdout)
}

/** Lines of `apt-get indextargets` with the fields above. An origin is only known once the host has run `apt-get update`; then it must be Debian. */
export function parseMirrors(lines: string): DebianMirror {
  const found: { archive?: string; security?: string } = {}
  for (const line of lines.split('\n')) {
    const [createdBy, component, uri, release = '', origin = ''] = line.split('|')
    if (createdBy !== 'Packages' || component !== 'main' || !uri || uri.startsWith('cdrom:')) continue
    if (origin !== '' && !origin.startsWith('$(') && origin !== 'Debian') continue
    if (releases.test(release)) found.archive ??= uri
    else if (releases.test(release.replace(/-security$|\/updates$/, ''))) found.security ??= uri
  }
  if (!found.archive)
    throw new RametError('no_debian_mirror', 503, 'The apt sources of this host name no Debian mirror.', {
      hint: 'Images and kernels are built from Debian packages: add a Debian mirror to /etc/apt/sources.list.d and run apt-get update.',
    })
  return { archive: found.archive, security: found.security }
}

/** One-line sources of a release with its updates, signed by Debian's keyring. */
export function sourceLines(mirror: DebianMirror, suite: string): string[] {
  const from = (uri: string, name: string) => `deb [signed-by=${debianKeyring}] ${uri} ${name} main`
  const lines = [from(mirror.archive, suite), from(mirror.archive, `${suite}-updates`)]
  return mirror.security === undefined ? lines : [...lines, from(mirror.security, `${suite}-security`)]
}

const carriedOver = /^Acquire::(http|https|ftp|tor|socks5h|Retries|Check-Valid-Until|Check-Date|Max-FutureTime|ForceIPv[46])\b/i

/** What of the host's apt configuration is about reaching its mirror (proxies, certificates, retries, clock): apt.conf text to carry over. */
export async function hostAcquireSettings(): Promise<string[]> {
  const { stdout } = await runBuild(['apt-config', 'dump', 'Acquire'])
  return stdout.split('\n').filter((line) => carriedOver.test(line))
}
