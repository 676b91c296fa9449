/** Declaration files as `tsc` writes them: statements at the margin, each with the comment before it. */

export interface Statement {
  readonly text: string
  /** Names that it makes known in its file. */
  readonly declares: readonly string[]
  /** Set when it takes names from another file: the local name of each, by the name there. */
  readonly takes?: { readonly from: string; readonly names: ReadonlyMap<string, string> }
  /** It hands on what it takes. */
  readonly isReexport: boolean
}

const begins = /^(?:export|declare|type|interface|import)\b/

/** Statements of one file, in order. Throws on a form that `tsc` does not write here. */
export function statementsOf(file: string): Statement[] {
  const blocks: string[][] = []
  let comment: string[] = []
  let isComment = false
  for (const line of file.split('\n')) {
    if (line.startsWith('/**')) [comment, isComment] = [[], true]
    if (isComment) {
      comment.push(line)
      isComment = !line.endsWith('*/')
    } else if (begins.test(line)) {
      blocks.push([...comment, line])
      comment = []
    } else blocks.at(-1)?.push(line)
  }
  return blocks.map((lines) => parse(lines.join('\n').trimEnd()))
}

function parse(text: string): Statement {
  const code = codeOf(text)
  const taken = /^(import|export) (?:type )?\{([^}]*)\} from '([^']+)';$/s.exec(code)
  if (taken) {
    const [, verb, list = '', from = ''] = taken
    const pairs = list.split(',').map((item) =>
      item
        .trim()
        .replace(/^type /, '')
        .split(' as '),
    )
    const names = new Map(pairs.flatMap(([there = '', here = there]) => (there === '' ? [] : [[here, there] as const])))
    return { text, declares: [...names.keys()], takes: { from, names }, isReexport: verb === 'export' }
  }
  if (code === 'export {};') return { text, declares: [], isReexport: false }
  const name = /^(?:export )?(?:declare )?(?:abstract )?(?:class|const|function|type|interface) ([A-Za-z_$][\w$]*)/.exec(
    code,
  )?.[1]
  if (name === undefined) throw new Error(`This declaration is not understood: ${code.slice(0, 100)}`)
  return { text, declares: [name], isReexport: false }
}

/** Without the comment before it. */
export const codeOf = (text: string): string => text.replace(/^\/\*\*.*?\*\/\s*/s, '')

/** Words that may be names; those within strings and comments do no harm. */
export const wordsOf = (text: string): ReadonlySet<string> => new Set(codeOf(text).match(/[A-Za-z_$][\w$]*/g))
