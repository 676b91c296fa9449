/** A file on the disk, and the items that it needs. */
export interface Item {
  readonly bytes: number
  /** Ids of the items below it. */
  readonly on: readonly string[]
}

export interface Share {
  /** Bytes that only this owner reaches: they are freed with it. */
  readonly exclusiveBytes: number
  /** Bytes that it and other owners reach. */
  readonly sharedBytes: number
}

export interface Shares {
  readonly byOwner: ReadonlyMap<string, Share>
  /** Bytes of all items: reached by one owner, by several, and by none. Their sum is everything. */
  readonly exclusiveBytes: number
  readonly sharedBytes: number
  readonly unheldBytes: number
}

/**
 * Computes exact shares of owners, which hold items directly and, through them, all items below. Pure. Each item counts once for an owner, however often it is reached;
 * `exclusiveBytes` of all owners, shared and unheld bytes add up to the sum of all items. Unknown ids are ignored.
 */
export function shares(items: ReadonlyMap<string, Item>, holds: ReadonlyMap<string, readonly string[]>): Shares {
  const reached = new Map([...holds].map(([owner, roots]) => [owner, reach(items, roots)]))
  const reachers = new Map<string, number>()
  for (const ids of reached.values()) for (const id of ids) reachers.set(id, (reachers.get(id) ?? 0) + 1)
  const sum = (ids: Iterable<string>, isCounted: (reachers: number) => boolean) => {
    let bytes = 0
    for (const id of ids) if (isCounted(reachers.get(id) ?? 0)) bytes += items.get(id)?.bytes ?? 0
    return bytes
  }
  const one = (count: number) => count === 1
  const several = (count: number) => count > 1
  return {
    byOwner: new Map(
      [...reached].map(([owner, ids]) => [owner, { exclusiveBytes: sum(ids, one), sharedBytes: sum(ids, several) }]),
    ),
    exclusiveBytes: sum(items.keys(), one),
    sharedBytes: sum(items.keys(), several),
    unheldBytes: sum(items.keys(), (count) => count === 0),
  }
}

function reach(items: ReadonlyMap<string, Item>, roots: readonly string[]): Set<string> {
  const found = new Set<string>()
  const open = [...roots]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const item = items.get(id)
    if (!item || found.has(id)) continue
    found.add(id)
    open.push(...item.on)
  }
  return found
}
