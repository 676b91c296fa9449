interface Instruction {
  readonly word: string
  readonly rest: string
}

/** Instructions of a Dockerfile, with continued lines joined. (docs.docker.com/reference/dockerfile) */
function instructions(text: string): Instruction[] {
  const continues = /^#\s*escape\s*=\s*(`|\\)\s*$/im.exec(text.split('\n').slice(0, 5).join('\n'))?.[1] ?? '\\'
  const found: Instruction[] = []
  let joined = ''
  for (const raw of text.split('\n')) {
    const line = raw.replace(/\r$/, '')
    if (/^\s*#/.test(line) || (joined !== '' && line.trim() === '')) continue
    const trimmed = line.trimEnd()
    if (trimmed.endsWith(continues)) {
      joined += `${trimmed.slice(0, -1)} `
      continue
    }
    joined += line
    const [, word = '', rest = ''] = /^\s*(\w+)\s+(.*)$/s.exec(joined) ?? []
    if (word !== '') found.push({ word: word.toUpperCase(), rest: rest.trim() })
    joined = ''
  }
  return found
}

/**
 * The images that a Dockerfile begins from or copies from: each once, as it is written, arguments before the first FROM filled in. Stages and
 * `scratch` are none. A reference that cannot be known here (an argument without a value) is left out: the build says what is wrong with it.
 */
export function baseImages(text: string): string[] {
  const values = new Map<string, string>()
  const stages = new Set<string>()
  const images = new Set<string>()
  let isBefore = true
  let count = 0
  const take = (name: string) => {
    const filled = fill(name, values)
    if (filled === undefined || filled === '' || filled === 'scratch') return
    if (!stages.has(filled.toLowerCase()) && !/^\d+$/.test(filled)) images.add(filled)
  }
  for (const { word, rest } of instructions(text)) {
    if (word === 'ARG' && isBefore) {
      for (const [, name = '', value] of rest.matchAll(/(\w+)(?:=("[^"]*"|'[^']*'|\S*))?/g))
        if (value !== undefined) values.set(name, fill(value.replace(/^(["'])(.*)\1$/, '$2'), values) ?? '')
    }
    if (word === 'FROM') {
      isBefore = false
      const [image = '', as, stage] = rest.split(/\s+/).filter((each) => !each.startsWith('--'))
      take(image)
      stages.add(`${count++}`)
      if (as?.toLowerCase() === 'as' && stage !== undefined) stages.add(stage.toLowerCase())
    }
    if (word === 'COPY' || word === 'RUN')
      for (const [, from = ''] of rest.matchAll(/(?:^|\s)--(?:from=|mount=\S*\bfrom=)([^\s,]+)/g)) take(from)
  }
  return [...images]
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}`; undefined when a name has no value. */
function fill(text: string, values: ReadonlyMap<string, string>): string | undefined {
  let isKnown = true
  const filled = text.replace(
    /\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})/g,
    (_, plain: string | undefined, braced: string | undefined, how: string | undefined, other = '') => {
      const value = values.get(plain ?? braced ?? '') ?? ''
      if (how === '+') return value === '' ? '' : other
      if (value === '' && how === '-') return other
      if (value === '') isKnown = false
      return value
    },
  )
  return isKnown ? filled : undefined
}
