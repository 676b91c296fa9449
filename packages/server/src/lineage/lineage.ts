import { can, ownersFor } from '@ramet/model/access/can.ts'
import type { Lineage, LineageNode } from '@ramet/model/api/lineage.ts'
import { withGroups } from '../access/membership.ts'
import { subjectOfPlayground, subjectOfRun } from '../access/permit.ts'
import type { User } from '../services.ts'
import type { Db } from '../store/database.ts'
import {
  findPlaygroundKin,
  findRunKin,
  type Parents,
  type PlaygroundKin,
  playgroundsFrom,
  type RunKin,
  runsFrom,
} from '../store/lineage.ts'

/** Most descendants that are listed: a playground that everybody starts may have any number of runs. */
const mostOffspring = 500

type Kin = Pick<LineageNode, 'id' | 'kind'>

/**
 * Finds ancestors and descendants of a run or playground, as far as `user` may see them. Rows of destroyed and removed ones stay in the store, so no
 * ancestor is missing. Of the descendants only existing ones, and those between, are listed.
 */
export async function lineageOf(db: Db, user: User, subject: Kin): Promise<Lineage> {
  const ancestors: LineageNode[] = []
  for (let next: Kin | undefined = subject; next; ) {
    const found: Found | undefined = await find(db, user, next)
    // Only a damaged store has a cycle; it must not cause an endless loop.
    if (!found || ancestors.some(({ id }) => id === found.node.id)) break
    ancestors.unshift(found.node)
    next = found.parent
  }
  // What it came from is not for this user, and nor is its id.
  const [oldest] = ancestors
  if (oldest) delete oldest.parent
  const offspring: LineageNode[] = []
  let isCut = false
  for (let parents: readonly Kin[] = [subject]; parents.length > 0 && !isCut; ) {
    const children = await childrenOf(db, user, parents, mostOffspring + 1 - offspring.length)
    offspring.push(...children)
    isCut = offspring.length > mostOffspring
    parents = children
  }
  return { subject: subject.id, nodes: [...ancestors, ...living(offspring.slice(0, mostOffspring))], isCut }
}

interface Found {
  readonly node: LineageNode
  readonly parent: Kin | undefined
}

async function find(db: Db, user: User, { kind, id }: Kin): Promise<Found | undefined> {
  if (kind === 'run') {
    const row = await findRunKin(db, id)
    return row && can(user, 'run.read', subjectOfRun(row)) ? ofRun(row) : undefined
  }
  const row = await findPlaygroundKin(db, id)
  const seer = row && (await withGroups(db, user, [row]))
  return row && seer && can(seer, 'playground.read', subjectOfPlayground(row)) ? ofPlayground(row) : undefined
}

function ofRun(row: RunKin): Found {
  const parent: Kin =
    row.cloned_from === null ? { kind: 'playground', id: row.playground_id } : { kind: 'run', id: row.cloned_from }
  return {
    parent,
    node: {
      id: row.id,
      parent: parent.id,
      kind: 'run',
      how: row.cloned_from === null ? 'started' : 'cloned',
      title: row.title,
      state: row.state,
      isGone: row.state === 'DESTROYED',
      createdAt: row.created_at,
    },
  }
}

function ofPlayground(row: PlaygroundKin): Found {
  const parent: Kin | undefined =
    row.saved_from !== null
      ? { kind: 'run', id: row.saved_from }
      : row.base_id !== null
        ? { kind: 'playground', id: row.base_id }
        : undefined
  return {
    parent,
    node: {
      id: row.id,
      ...(parent === undefined ? {} : { parent: parent.id }),
      kind: 'playground',
      how: row.saved_from !== null ? 'saved' : row.owner_id === null ? 'official' : 'created',
      name: row.name,
      title: row.title,
      isGone: row.removed_at !== null,
      createdAt: row.created_at,
    },
  }
}

/** Descendants, oldest first, at most `most`. */
async function childrenOf(db: Db, user: User, kin: readonly Kin[], most: number): Promise<LineageNode[]> {
  const ids = (kind: Kin['kind']) => kin.filter((parent) => parent.kind === kind).map(({ id }) => id)
  const parents: Parents = { runs: ids('run'), playgrounds: ids('playground') }
  const runs = await runsFrom(db, parents, { owners: ownersFor(user, 'run.list'), most })
  const playgrounds = await playgroundsFrom(db, parents, { owners: ownersFor(user, 'playground.list'), most })
  return [...runs.map((row) => ofRun(row).node), ...playgrounds.map((row) => ofPlayground(row).node)]
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    .slice(0, most)
}

/** Removes gone entries without existing descendants. Expects children after their parents. */
function living(nodes: readonly LineageNode[]): LineageNode[] {
  const kept = new Set<string>()
  for (const { id, parent, isGone } of nodes.toReversed()) {
    if (isGone && !kept.has(id)) continue
    kept.add(id)
    if (parent !== undefined) kept.add(parent)
  }
  return nodes.filter(({ id }) => kept.has(id))
}
