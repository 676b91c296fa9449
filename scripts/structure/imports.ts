/** One `import` or `export … from` of a module, or an `import(…)`. */
export interface Import {
  /** As written: `./run.ts`, `@ramet/model/run/run-state.ts`, `kysely`. */
  readonly from: string
  /** Names that are imported, by the names that the module gives them; empty for `* as` and bare imports. */
  readonly names: readonly string[]
  /** 1-based. */
  readonly line: number
}

const statement =
  /^[ \t]*(?:import|export)\b(?<what>[^'";]*?)\bfrom\s*'(?<from>[^']+)'|^[ \t]*import\s*'(?<bare>[^']+)'|\bimport\(\s*'(?<late>[^']+)'/gm

/** The imports of a module, as our formatter writes them (single quotes; a statement begins its line). */
export function importsOf(text: string): Import[] {
  return [...text.matchAll(statement)].map(({ groups = {}, index }) => ({
    from: groups.from ?? groups.bare ?? groups.late ?? '',
    names: namesIn(groups.what ?? ''),
    line: lineAt(text, index),
  }))
}

/** `a, type B as C` between braces. */
function namesIn(what: string): string[] {
  const [, list = ''] = /\{([^}]*)\}/.exec(what) ?? []
  return list
    .split(',')
    .map((item) => /^\s*(?:type\s+)?(\w+)/.exec(item)?.[1])
    .filter((name) => name !== undefined)
}

/** 1-based line of the character at `index`. */
export const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length
