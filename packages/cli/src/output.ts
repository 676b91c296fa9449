import { stripVTControlCharacters, styleText } from 'node:util'
import { InvalidInput, type Problem, type RametError } from '@ramet/model/errors/error.ts'

type Stream = NodeJS.WriteStream

/** Results go to stdout, all else to stderr; nothing else in the CLI writes to either. Colours follow NO_COLOR and the terminal. */
export interface Output {
  /** One line that a script may use: an id, a name. */
  result(line: string): void
  /** Text as it is, with an end of line if it has none. */
  text(text: string): void
  json(value: unknown): void
  table(header: readonly string[], rows: readonly (readonly string[])[]): void
  /** A line for people, on stderr. */
  note(line: string): void
  /** A line that somebody else wrote, for people, on stderr: without what could steer their terminal. */
  line(line: string): void
  problem(problem: Problem): void
}

export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr): Output {
  const result = (line: string) => void stdout.write(`${line}\n`)
  const note = (line: string) => void stderr.write(`${line}\n`)
  return {
    result,
    note,
    line: (line) => note(printable(line)),
    text: (text) => void stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`),
    json: (value) => result(JSON.stringify(value, null, 2)),
    table: (header, rows) => {
      for (const line of alignColumns([header, ...rows])) result(line)
    },
    problem: (problem) => {
      note(`${styleText('red', 'error:', { stream: stderr })} ${problemLine(problem)}`)
      if (problem.hint) note(`  hint: ${printable(problem.hint)}`)
    },
  }
}

/** `manifest.yaml:3:7: message (code)` */
export const problemLine = ({ where, message, code }: Problem): string =>
  printable(`${where === undefined ? '' : `${where}: `}${message} (${code})`)

/** All faults that an error carries. */
export const problemsOf = (error: RametError): readonly Problem[] =>
  error instanceof InvalidInput
    ? error.problems
    : [
        {
          code: error.code,
          message: error.message,
          ...(error.hint === undefined ? {} : { hint: error.hint }),
          ...(error.where === undefined ? {} : { where: error.where }),
        },
      ]

/** One line that cannot steer the terminal, whatever a guest or a server put into it. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text)
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replaceAll(/\p{Cc}/gu, '')

/** Lines with columns two spaces apart. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(printable))
  const widths: number[] = []
  for (const row of clean) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return clean.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const ages = [
  ['year', 365 * 24 * 3600],
  ['month', 30 * 24 * 3600],
  ['week', 7 * 24 * 3600],
  ['day', 24 * 3600],
  ['hour', 3600],
  ['minute', 60],
] as const

/** `3 hours ago`; `time` is RFC 3339. */
export function ago(time: string, nowMs: number = Date.now()): string {
  const seconds = (nowMs - Date.parse(time)) / 1000
  for (const [unit, length] of ages) {
    const count = Math.floor(seconds / length)
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`
  }
  return 'just now'
}
