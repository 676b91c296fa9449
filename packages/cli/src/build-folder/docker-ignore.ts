interface Rule {
  readonly pattern: RegExp
  readonly isException: boolean
}

/**
 * Reads a .dockerignore, and returns what it says of a path below the folder (`a/b`): the last line that means it or a folder above it decides, `!` takes it back in.
 * (docs.docker.com/build/concepts/context, "Dockerignore files")
 */
export function ignored(text: string): { readonly isIgnored: (path: string) => boolean; readonly hasExceptions: boolean } {
  const rules = text.split(/\r?\n/).flatMap((line): Rule[] => {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#')) return []
    const isException = trimmed.startsWith('!')
    const parts = (isException ? trimmed.slice(1).trim() : trimmed).split('/').filter((part) => part !== '' && part !== '.')
    return parts.length === 0 ? [] : [{ pattern: patternOf(parts), isException }]
  })
  return {
    hasExceptions: rules.some(({ isException }) => isException),
    isIgnored(path) {
      const last = rules.findLast(({ pattern }) => pattern.test(path))
      return last !== undefined && !last.isException
    },
  }
}

/** Go's filepath.Match for each part, and `**` for any number of parts. What is below a folder that it means is meant too. */
function patternOf(parts: readonly string[]): RegExp {
  let source = ''
  for (const [at, part] of parts.entries()) {
    const isLast = at === parts.length - 1
    if (part === '**') source += isLast ? '.*' : '(?:.*/)?'
    else source += partOf(part) + (isLast ? '' : '/')
  }
  try {
    return new RegExp(`^${source}(?:/|$)`, 's')
  } catch {
    // A class that no expression can have, such as [z-a], means nothing.
    return /^(?!)/
  }
}

const partOf = (part: string): string =>
  part.replace(/\\(.)|\[(\^?)([^\]]+)\]|\*+|\?|[.+^${}()|[\]\\]/g, (found, escaped?: string, not?: string, set?: string) => {
    if (escaped !== undefined) return RegExp.escape(escaped)
    if (set !== undefined) return `(?!/)[${not}${set.replace(/[[\]\\]/g, '\\$&')}]`
    if (found.startsWith('*')) return '[^/]*'
    return found === '?' ? '[^/]' : `\\${found}`
  })
