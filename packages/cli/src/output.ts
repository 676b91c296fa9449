import { styleText } from 'node:util'
import { InvalidInput, type Problem, type RametError } from '@ramet/model/errors/error.ts'
import { visibleJson, visibleLine, visibleText, withoutColours } from '@ramet/model/units/visible-text.ts'
import { printYaml } from '@ramet/model/units/visible-yaml.ts'

type Stream = NodeJS.WriteStream

/** A piece of a line in a look of its own. */
export interface Styled {
  readonly text: string
  readonly style: 'bold' | 'green' | 'yellow' | 'red'
}

/**
 * Results go to stdout, everything else to stderr. Only this, progress and attached terminals write to either.
 * Control characters in foreign text are made visible here, so that it cannot control the terminal. Colours follow NO_COLOR and the
 * terminal.
 */
export interface Output {
  /** One line that a script may use: an id, a name. */
  result(...parts: readonly (string | Styled)[]): void
  /** A text that is itself what was asked for (a log, a manifest), made visible wherever it goes: a pipe ends on a terminal too. `raw`: as it came. */
  content(text: string, how?: { readonly raw?: boolean | undefined }): void
  /** The API's own objects, for programs. */
  data(value: unknown, format: 'json' | 'yaml'): void
  table(header: readonly string[], rows: readonly (readonly string[])[]): void
  /** Lines for people, on stderr. */
  note(text: string): void
  problem(problem: Problem): void
}

export function createOutput(stdout: Stream = process.stdout, stderr: Stream = process.stderr): Output {
  const print = (stream: Stream, line: string) => void stream.write(`${line}\n`)
  const result = (...parts: readonly (string | Styled)[]) =>
    print(
      stdout,
      parts
        .map((part) =>
          typeof part === 'string' ? visibleLine(part) : styleText(part.style, visibleLine(part.text), { stream: stdout }),
        )
        .join(''),
    )
  const note = (text: string) => print(stderr, visibleText(withoutColours(text)))
  return {
    result,
    note,
    content: (text, { raw = false } = {}) => {
      const shown = raw ? text : visibleText(withoutColours(text))
      stdout.write(shown === '' || shown.endsWith('\n') ? shown : `${shown}\n`)
    },
    data: (value, format) =>
      void stdout.write(format === 'json' ? `${visibleJson(JSON.stringify(value, null, 2))}\n` : printYaml(value)),
    table: (header, rows) => {
      for (const line of alignColumns([header, ...rows])) result(line)
    },
    problem: (problem) => {
      const label =
        problem.severity === 'warning'
          ? styleText('yellow', 'warning:', { stream: stderr })
          : styleText('red', 'error:', { stream: stderr })
      print(stderr, `${label} ${visibleLine(problemLine(problem))}`)
      if (problem.hint) note(`  hint: ${visibleLine(problem.hint)}`)
    },
  }
}

/** `manifest.yaml:3:7: message (code)` */
export const problemLine = ({ where, message, code }: Problem): string =>
  `${where === undefined ? '' : `${where}: `}${message} (${code})`

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

/** Lines with columns two spaces apart, every cell made visible. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(visibleLine))
  const widths: number[] = []
  for (const row of clean) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length)
  return clean.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
