import { closeSync, readdirSync, readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'

/** O_CLOEXEC as fdinfo shows it (proc(5)). */
const closeOnExec = 0o2000000

/**
 * Closes what this process was started with besides its three streams. Each of its children would have it too: descriptors of a shell, a terminal, a lock of
 * whoever started the server. At its start Node sets close-on-exec for the first few descriptors only. Call it before anything else.
 */
export function closeInheritedDescriptors(): void {
  // What Node opens has close-on-exec, but for the file of NODE_EXTRA_CA_CERTS, which OpenSSL reads on a thread of its own from Node's start on. Closed under it, its
  // number is the next file's, and OpenSSL closes that one: a home's lock could then not be taken ("disk I/O error"). This waits until the file is read.
  getCACertificates('extra')
  for (const fd of inheritedDescriptors()) closeSync(fd)
}

function inheritedDescriptors(): number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(fd))
}

function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // That of the listing itself.
    return false
  }
}
