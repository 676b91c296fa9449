import type { Lineage, LineageNode } from '@ramet/model/api/lineage.ts'
import { ago } from './ago.ts'
import type { Styled } from './output.ts'

/** A lineage as a tree, a line a node; that of the one it was asked of is set off. Pure. */
export function lineageLines({ subject, nodes, isCut }: Lineage, nowMs?: number): (string | Styled)[] {
  const lines: (string | Styled)[] = []
  const visit = (node: LineageNode, lead: string, ownLead: string) => {
    const text = `${ownLead}${describe(node, nowMs)}`
    lines.push(node.id === subject ? { text, style: 'bold' } : text)
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
  return `${what} “${title}” (${how} ${ago(createdAt, nowMs)}${condition})`
}
