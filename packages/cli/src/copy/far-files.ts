import type { Command } from '@ramet/client/sdk/command.ts'
import type { Machine } from '@ramet/client/sdk/machine.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { shellCommand } from '@ramet/model/units/shell-words.ts'

/** Commands for any POSIX sh. An image without tar has that of the platform. */
const tar = 'T=tar; command -v tar >/dev/null 2>&1 || T="/run/ramet/busybox tar"'
const scripts = {
  look: 'if [ -d "$1" ]; then echo folder "$(du -sk -- "$1" 2>/dev/null | cut -f1)"; elif [ -e "$1" ]; then echo file "$(wc -c <"$1")" "$(stat -c %a -- "$1" 2>/dev/null)"; else echo none; fi',
  pack: `${tar}; cd -- "$1" && exec $T -cf - .`,
  unpack: `${tar}; mkdir -p -- "$1" && cd -- "$1" && exec $T -xf -`,
} as const

export const farCommand = (script: keyof typeof scripts, path: string): string =>
  // A path that begins with a dash is no option.
  shellCommand(['sh', '-c', scripts[script], 'sh', path.startsWith('-') ? `./${path}` : path])

export interface FarFile {
  readonly kind: 'folder' | 'file' | 'none'
  /** Of a folder about; 0 when it is not known. */
  readonly bytes: number
  /** Octal. */
  readonly mode?: string
}

/** What there is at a path of a machine. */
export async function lookAt(machine: Machine, user: string | undefined, path: string): Promise<FarFile> {
  const { stdout } = await machine.exec(farCommand('look', path), { user, check: true })
  const [kind = 'none', size = '', mode = ''] = stdout.trim().split(/\s+/)
  const bytes = (Number(size) || 0) * (kind === 'folder' ? 1024 : 1)
  return { kind: kind as FarFile['kind'], bytes, ...(mode === '' ? {} : { mode }) }
}

/** Resolves when a command of a copy has ended well. Throws `copy_failed` with the first line of what it said. */
export async function endWell(command: Command, said: () => string): Promise<void> {
  const { code } = await command.exit
  if (code === 0) return
  throw new RametError('copy_failed', 409, said().trim().split('\n')[0] || `The command in the machine exited with ${code}.`)
}
