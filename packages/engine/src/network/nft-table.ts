import { createHash } from 'node:crypto'

/** One table of nftables. */
export interface Table {
  readonly family: 'inet' | 'bridge'
  readonly name: string
  readonly sets?: readonly DynamicSet[]
  readonly chains: readonly Chain[]
}

/** A set that rules add to. When it is full, a rule that would add to it does not match (nft(8), "update"). */
export interface DynamicSet {
  readonly name: string
  readonly type: 'ether_addr' | 'ipv4_addr'
  readonly size: number
  readonly timeout: string
}

export interface Chain {
  readonly name: string
  /** Absent: it is only jumped to. */
  readonly head?: string
  readonly rules: readonly string[]
}

/** `file` for `nft -f`, which replaces all its tables in one transaction, whether they are there or not. */
export interface Ruleset {
  readonly file: string
  readonly tables: readonly TableMark[]
}

/** What a table that was made from a ruleset is known by. */
export interface TableMark {
  readonly family: Table['family']
  readonly name: string
  /** An empty chain named after the hash of all that is in the table. */
  readonly marker: string
  readonly rules: number
}

/** Writes tables down; pure. */
export function ruleset(tables: readonly Table[]): Ruleset {
  const written = tables.map((table) => ({ table, body: bodyOf(table) }))
  const marks = written.map(({ table: { family, name, chains }, body }) => ({
    family,
    name,
    marker: `plan-${createHash('sha256').update(body).digest('hex').slice(0, 16)}`,
    rules: chains.reduce((sum, { rules }) => sum + rules.length, 0),
  }))
  const file = written.map(({ body }, at) => {
    const { family, name, marker } = marks[at] as TableMark
    const table = `table ${family} ${name}`
    return `add ${table}\ndelete ${table}\n${table} {\n  chain ${marker} {\n  }\n${body}}\n`
  })
  return { file: file.join(''), tables: marks }
}

function bodyOf({ sets = [], chains }: Table): string {
  const block = (kind: string, name: string, lines: readonly string[]) =>
    `  ${kind} ${name} {\n${lines.map((line) => `    ${line}\n`).join('')}  }\n`
  return [
    ...sets.map(({ name, type, size, timeout }) =>
      block('set', name, [`type ${type}`, `size ${size}`, 'flags dynamic,timeout', `timeout ${timeout}`]),
    ),
    // Chains that are jumped to stand first.
    ...chains
      .toSorted((a, b) => Number(a.head !== undefined) - Number(b.head !== undefined))
      .map(({ name, head, rules }) => block('chain', name, head === undefined ? rules : [head, ...rules])),
  ].join('')
}

/** An anonymous set. */
export const setOf = (items: readonly string[]): string => `{ ${items.join(', ')} }`
/** An anonymous map. */
export const mapOf = (items: readonly (readonly [string, string])[]): string =>
  setOf(items.map(([from, to]) => `${from} : ${to}`))
