import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  type ScalarTag,
  type Tags,
  visit,
} from 'yaml'
import { type Fault, fault, type Locate, maxProblems, type Path } from '../errors/fault.ts'
import { limits } from './manifest.ts'
import { otherSpellings } from './plain-document.ts'

/** A YAML text as plain data, with the way back from a path to its line and column. */
export interface YamlSource {
  /** Absent when the text is no usable YAML. */
  readonly value?: unknown
  readonly faults: readonly { readonly fault: Fault; readonly where: string }[]
  readonly locate: Locate
  /** What stands there, as it is written: of a scalar without quotes that is something. */
  readonly textAt?: TextAt
}

export type TextAt = (path: Path) => string | undefined

const maxAliases = 100

/**
 * Reads untrusted YAML 1.2 (core schema): no merge keys, no tags, no duplicate or non-text keys, one document, and bounds on its length and aliases,
 * so that no short text unfolds into a huge value. `fileName` stands before every position.
 */
export function readYaml(text: string, fileName: string): YamlSource {
  const lines = new LineCounter()
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${fileName}:${Math.max(line, 1)}:${Math.max(col, 1)}`
  }
  const broken = (code: string, message: string, hint: string, offset = 0): YamlSource => ({
    faults: [{ fault: fault(code, [], message, hint), where: at(offset) }],
    locate: () => at(0),
  })
  if (byteLength(text) > limits.manifestBytes) {
    return broken(
      'manifest_too_large',
      `The manifest has more than ${limits.manifestBytes} bytes.`,
      'Put big files into an image, or fetch them inside.',
    )
  }
  for (let start = 0, count = 1; start > 0 || count === 1; start = text.indexOf('\n', start) + 1, count += 1) {
    if (count > maxLines) {
      return broken(
        'manifest_too_large',
        `The manifest has more than ${maxLines} lines.`,
        'Put big files into an image, or fetch them inside.',
        start,
      )
    }
    lines.addNewLine(start)
  }
  const excess = tooMuch(text)
  if (excess) return broken(excess.code, excess.message, excess.hint, excess.offset)
  let document: Document.Parsed
  try {
    document = parse(text)
  } catch (error) {
    if (error instanceof RangeError)
      return broken('nested_too_deep', 'The manifest is nested too deep.', 'A manifest needs fewer than ten levels.')
    return broken('invalid_yaml', `The manifest is not YAML: ${String(error)}`, 'Check quotes, colons and indentation.')
  }
  const locate: Locate = (path, part) => at(offsetOf(document, path, part === 'missing' ? path.slice(0, -1) : path, part))
  const said = [...document.errors, ...document.warnings]
  const overflow = said.find(({ message }) => /call stack|recursion/i.test(message))
  if (overflow) {
    return broken(
      'nested_too_deep',
      'The manifest is nested too deep.',
      'A manifest needs fewer than ten levels.',
      overflow.pos[0],
    )
  }
  if (said.length > 0) {
    const faults = said.slice(0, maxProblems).map((error) => ({
      fault: fault('invalid_yaml', [], `Not valid YAML: ${error.message.replace(/[.\s]*$/, '')}.`, yamlHint(error.code)),
      where: at(error.pos[0]),
    }))
    return { faults, locate }
  }
  const repeated = repeatedKeys(document)
  if (repeated.length > 0) {
    const twice = (key: string) =>
      fault('duplicate_key', [], `The field ${key} stands here a second time.`, 'Remove one of the two.')
    return { faults: repeated.map(({ key, offset }) => ({ fault: twice(key), where: at(offset) })), locate }
  }
  const bomb = tooManyAliases(document)
  if (bomb) {
    return broken(
      'too_many_aliases',
      'The aliases of the manifest unfold into too much.',
      'Write the values out instead of using `*alias`.',
      bomb.range?.[0],
    )
  }
  try {
    return {
      value: document.toJS({ maxAliasCount: maxAliases }),
      faults: [],
      locate,
      textAt: (path) => plainText(document, path),
    }
  } catch (error) {
    const alias = aliasesOf(document)[0]
    return broken(
      'too_many_aliases',
      `The aliases of the manifest cannot be resolved: ${String(error)}`,
      'Write the values out.',
      alias?.range?.[0],
    )
  }
}

function parse(text: string): Document.Parsed {
  // An error for every other character of `[][][]…`: their stacks, which nobody reads, took most of the time.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      // `mode: 0o644` and `kernel: 5.10` stay the texts that they are.
      customTags: (tags) =>
        tags
          .filter((tag) => typeof tag === 'string' || tag.format !== 'OCT')
          .map((tag) => (isPlainFloat(tag) ? { ...tag, test: exactFloat } : tag)),
      resolveKnownTags: false,
      // The parser compares every key with every other (47 s for 60,000 of them); `repeatedKeys` looks for them in one pass.
      uniqueKeys: false,
      stringKeys: true,
      prettyErrors: false,
    })
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const isPlainFloat = (tag: Tags[number]): tag is ScalarTag =>
  typeof tag !== 'string' && tag.tag === 'tag:yaml.org,2002:float' && 'stringify' in tag && tag.format === undefined
/** A number that prints as it is written, or a whole one. */
const exactFloat = /^[-+]?(?:\d*\.\d*[1-9]|\d+\.0*)$/

const byteLength = (text: string) => (text.length > limits.manifestBytes ? text.length : new TextEncoder().encode(text).length)

/** Four megabytes of code have 100,000. The parser makes objects of each line of a block scalar: four million empty ones kept it busy for 16 s. */
const maxLines = 200_000
/** A manifest full of everything has 30,000. Four megabytes of nothing but brackets or quotes would keep the parser busy for 15 s. */
const maxTokens = 100_000
/** The parser is recursive over these. */
const maxFlowDepth = 500
/** The lexer's marks that stand for no text (yaml: CST). */
const marks = new Set(['\x02', '\x18', '\x1f'])

/** Stops before the parser would work too hard. Long texts inside are one token each, whatever they hold. */
function tooMuch(text: string): { code: string; message: string; hint: string; offset: number } | undefined {
  let tokens = 0
  let depth = 0
  let offset = 0
  for (const token of new Lexer().lex(text)) {
    tokens += 1
    if (token === '[' || token === '{') depth += 1
    else if (token === ']' || token === '}') depth -= 1
    if (depth > maxFlowDepth) {
      return {
        code: 'nested_too_deep',
        message: 'The manifest is nested too deep.',
        hint: 'A manifest needs fewer than ten levels.',
        offset,
      }
    }
    if (tokens > maxTokens) {
      return {
        code: 'manifest_too_large',
        message: 'The manifest has far too many parts.',
        hint: 'Put long lists into files of an image, or write less.',
        offset,
      }
    }
    if (!marks.has(token)) offset += token.length
  }
  return undefined
}

function yamlHint(code: string): string {
  if (code === 'MULTIPLE_DOCS') return 'A manifest is one document: remove what follows `---`.'
  if (code === 'TAG_RESOLVE_FAILED') return 'Tags such as `!name` are not used in manifests.'
  return 'Check quotes, colons and indentation.'
}

function repeatedKeys(document: Document.Parsed): { key: string; offset: number }[] {
  const repeated: { key: string; offset: number }[] = []
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<unknown>()
      for (const { key } of map.items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) repeated.push({ key: String(key.value).slice(0, 100), offset: startOf(key) ?? 0 })
        seen.add(key.value)
      }
    },
  })
  return repeated
}

function aliasesOf(document: Document.Parsed): Alias[] {
  const aliases: Alias[] = []
  visit(document, {
    Alias: (_, alias) => {
      aliases.push(alias)
    },
  })
  return aliases
}

/** The alias at which it becomes too much: the 101st, or one that unfolds beyond all bounds or into itself. */
function tooManyAliases(document: Document.Parsed): Alias | undefined {
  const aliases = aliasesOf(document)
  if (aliases.length > maxAliases) return aliases[maxAliases]
  const sizes = new Map<unknown, number>()
  const sizeOf = (node: unknown): number => {
    const known = sizes.get(node)
    if (known !== undefined) return known
    sizes.set(node, Number.POSITIVE_INFINITY)
    let size = 1
    if (isAlias(node)) size += sizeOf(node.resolve(document))
    else if (isMap(node) || isSeq(node)) for (const item of node.items) size += isPair(item) ? sizeOf(item.value) : sizeOf(item)
    sizes.set(node, size)
    return size
  }
  return aliases.find((alias) => sizeOf(alias) > 10_000)
}

/** Offset of the node at `path`, or of the nearest one above it that exists. */
function offsetOf(
  document: Document.Parsed,
  full: Parameters<Locate>[0],
  path: Parameters<Locate>[0],
  part: Parameters<Locate>[1],
): number {
  let node: unknown = document.contents
  let key: unknown
  let offset = startOf(node) ?? 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && spelled(item.key.value) === String(step))
      const exact = node.items.find((item) => isScalar(item.key) && item.key.value === step)
      const found = exact ?? pair
      if (!found) return offset
      key = found.key
      node = found.value
    } else if (isSeq(node)) {
      key = undefined
      node = node.items[Number(step)]
    } else return offset
    offset = startOf(node) ?? startOf(key) ?? offset
  }
  const empty = isScalar(node) && node.value === null && node.source === ''
  return ((part === 'key' && full === path) || empty ? startOf(key) : undefined) ?? offset
}

const spelled = (key: unknown): string => otherSpellings[String(key)] ?? String(key)

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0]
}

function plainText(document: Document.Parsed, path: Path): string | undefined {
  let node: unknown = document.contents
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) node = node.items.find(({ key }) => isScalar(key) && spelled(key.value) === String(step))?.value
    else if (isSeq(node)) node = node.items[Number(step)]
    else return undefined
  }
  if (isAlias(node)) node = node.resolve(document)
  return isScalar(node) && node.type === 'PLAIN' && node.value !== null ? node.source : undefined
}
