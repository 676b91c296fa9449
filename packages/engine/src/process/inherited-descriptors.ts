import { closeSync, readdirSync, readFileSync } from 'node:fs'

/** O_CLOEXEC as fdinfo shows it (proc(5)). */
const closeOnExec = 0o2000000

/**
 * Closes what this process was started with besides its three streams. Each of its children would have it too: descriptors of a shell, a terminal, a lock of
 * whoever started the server. All that Node opens has close-on-exec, and at its start Node sets that for the first few descriptors only.
 */
export function closeInheritedDescriptors(): void {
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
