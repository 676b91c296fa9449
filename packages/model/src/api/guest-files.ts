import { shellCommand } from '../units/shell-words.ts'

/*
 * Files of a machine are read and written by commands, so they are whatever the machine's user may read and write. Any POSIX sh with cat, head and tail does
 * (busybox too); what fails says why on stderr, and exits with 1.
 */

/** The words after the script are its `$0` and then what it works on. One line each, and no single quote in it. */
export const fileScripts = {
  read: [
    '[ ! -d "$1" ] || { echo "$1: Is a directory" >&2; exit 1; }',
    'exec <"$1" || exit 1',
    '[ "$2" = 1 ] && [ -z "$3" ] && exec cat',
    'if [ -z "$3" ]; then tail -c +"$2"; else tail -c +"$2" | head -c "$3"; fi',
  ].join('; '),
  write: [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's.
    'case "$1" in */*) mkdir -p -- "${1%/*}/" || exit 1;; esac',
    'if [ -n "$2" ]; then cat >>"$1" || exit 1; else cat >"$1" || exit 1; fi',
    '[ -z "$3" ] || chmod -- "$3" "$1"',
  ].join('; '),
} as const

export interface FilePart {
  /** Bytes to leave out at the beginning. */
  readonly offset?: number | undefined
  /** Bytes to read at most; absent: to the end. */
  readonly bytes?: number | undefined
}

/** A command that prints a file, or a part of it. */
export const readFileCommand = (path: string, { offset = 0, bytes }: FilePart = {}): string =>
  shellCommand(['sh', '-c', fileScripts.read, 'sh', path, String(offset + 1), bytes === undefined ? '' : String(bytes)])

export interface FileChange {
  /** Adds to what is there instead of replacing it. */
  readonly append?: boolean | undefined
  /** Octal; absent: that of the file, or what the user's umask leaves. */
  readonly mode?: string | undefined
}

/** A command that takes a file's content as its input. Folders on the way are made. */
export const writeFileCommand = (path: string, { append = false, mode = '' }: FileChange = {}): string =>
  shellCommand(['sh', '-c', fileScripts.write, 'sh', path, append ? 'append' : '', mode])
