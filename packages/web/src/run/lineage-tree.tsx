import type { Lineage, LineageNode } from '@ramet/model/api/lineage.ts'
import { Link } from '@tanstack/react-router'
import { Icon, type IconName } from '../ui/icons.tsx'

const icons: Record<LineageNode['how'], IconName> = {
  official: 'playground',
  created: 'playground',
  saved: 'save',
  started: 'play',
  cloned: 'clone',
}

/**
 * Shows ancestors and descendants of a run. Children are indented, except an only child of an only child: it stands directly below, so that
 * a long line of descent stays readable.
 */
export function LineageTree({ lineage }: { lineage: Lineage }) {
  const known = new Set(lineage.nodes.map(({ id }) => id))
  const roots = lineage.nodes.filter(({ parent }) => parent === undefined || !known.has(parent))
  return (
    <>
      <ul>
        {roots.map((root) => (
          <Branch key={root.id} lineage={lineage} from={root} isAlone={roots.length === 1} />
        ))}
      </ul>
      {lineage.isCut && <p className="mt-1.5 text-xs text-faint">There is more than is shown here.</p>}
    </>
  )
}

interface BranchProps {
  readonly lineage: Lineage
  readonly from: LineageNode
  readonly isAlone: boolean
}

function Branch({ lineage, from, isAlone }: BranchProps) {
  const childrenOf = (id: string) => lineage.nodes.filter(({ parent }) => parent === id)
  const line = [from]
  let children = childrenOf(from.id)
  for (; isAlone && children.length === 1; children = childrenOf(line.at(-1)?.id ?? '')) line.push(...children)
  return (
    <>
      {line.map((node) => (
        <li key={node.id} className="mt-1 first:mt-0">
          <Node node={node} isSubject={node.id === lineage.subject} />
          {node === line.at(-1) && children.length > 0 && (
            <ul className="mt-1 ml-[7px] border-l border-line-strong pl-3">
              {children.map((child) => (
                <Branch key={child.id} lineage={lineage} from={child} isAlone={children.length === 1} />
              ))}
            </ul>
          )}
        </li>
      ))}
    </>
  )
}

function Node({ node, isSubject }: { node: LineageNode; isSubject: boolean }) {
  const { kind, id, name, title, how, isGone, createdAt } = node
  const what = kind === 'playground' ? `playground ${name}` : `run ${id}`
  const gone = isGone ? (kind === 'run' ? 'destroyed' : 'removed') : undefined
  const look = `truncate ${isSubject ? 'font-semibold text-ink' : isGone ? 'text-faint line-through decoration-line-strong' : 'text-muted'}`
  return (
    <div
      className="flex min-w-0 items-center gap-1.5 text-[13px]"
      title={`${title}: ${what}, ${how} ${new Date(createdAt).toLocaleString()}${gone ? `, ${gone}` : ''}`}
    >
      <Icon name={icons[how]} className={`size-3.5! ${isSubject ? 'text-accent' : 'text-faint'}`} />
      {kind === 'run' && !isSubject && !isGone ? (
        <Link to="/runs/$id" params={{ id }} className={`rounded hover:text-accent ${look}`}>
          {title}
        </Link>
      ) : (
        <span className={look} aria-current={isSubject ? 'true' : undefined}>
          {title}
        </span>
      )}
      <span className="ml-auto shrink-0 pl-2 text-xs text-faint">{gone ? `${how}, ${gone}` : how}</span>
    </div>
  )
}
