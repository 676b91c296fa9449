import type { JournalRequest } from '@ramet/model/api/journal.ts'

const defaultLines = 100
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/** What shows the journal of a machine, for a shell in it. It is followed, unless an end is given. A guest without systemd shows the file that it has, if all of it will do. Pure. */
export function journalCommand({ unit, lines, since, until, cursor }: Omit<JournalRequest, 'machine'>): string {
  const isBounded = [since, until, cursor].some((each) => each !== undefined)
  const options = [
    ...(until === undefined ? ['-f'] : []),
    ...(lines === undefined && isBounded ? [] : ['-n', String(lines ?? defaultLines)]),
    ...(unit === undefined ? [] : ['-u', quoted(unit)]),
    ...(since === undefined ? [] : ['--since', quoted(since)]),
    ...(until === undefined ? [] : ['--until', quoted(until)]),
    ...(cursor === undefined ? [] : [`--after-cursor=${quoted(cursor)}`]),
  ]
  const other =
    isBounded || unit !== undefined
      ? "echo 'This machine has no journal to choose from: it runs no systemd.' >&2; exit 127"
      : `exec tail -n ${lines ?? defaultLines} -F /var/log/messages`
  return `command -v journalctl >/dev/null && exec journalctl --no-pager ${options.join(' ')}; ${other}`
}
