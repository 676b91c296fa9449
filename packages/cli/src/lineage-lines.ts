import type { Lineage, LineageNode } from '@ramet/model/api/wire.ts'
import { ago, printable } from './output.ts'

/** A lineage as a tree, a line a node; `mark` sets off the line of the one it was asked of. Pure. */
export function lineageLines({ subject, nodes, isCut }: Lineage, mark: (line: string) => string, nowMs?: number): string[] {
  const lines: string[] = []
  const visit = (node: LineageNode, lead: string, ownLead: string) => {
    const line = `${ownLead}${describe(node, nowMs)}`
    lines.push(node.id === subject ? mark(line) : line)
    const children = nodes.filter(({ parent }) => parent === node.id)
    for (const [index, child] of children.entries()) {
      const isLast = index === children.length - 1
      visit(child, `${lead}${isLast ? '   ' : '│  '}`, `${lead}${isLast ? '└─ ' : '├─ '}`)
    }
  }
  const known = new Set(nodes.map(({ id }) => id))
  for (const root of nodes.filter(({ parent }) => parent === undefined || !known.has(parent))) visit(root, '', '')
  if (isCut) lines.push('… and more')
  return lines
}

function describe({ kind, id, name, title, how, state, isGone, createdAt }: LineageNode, nowMs?: number): string {
  const what = kind === 'playground' ? `playground ${name}` : `run ${id}`
  const condition = kind === 'run' ? `, ${state}` : isGone ? ', removed' : ''
  return printable(`${what} “${title}” (${how} ${ago(createdAt, nowMs)}${condition})`)
}
