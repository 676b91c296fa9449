import type { Tree } from './tree.ts'

/** Groups of modules that import each other, types included (Tarjan's strongly connected components). */
export function circles(tree: Tree): string[][] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const onStack = new Set<string>()
  const found: string[][] = []

  const lower = (file: string, to: number) => low.set(file, Math.min(low.get(file) ?? to, to))
  const visit = (file: string) => {
    const number = index.size
    index.set(file, number)
    low.set(file, number)
    stack.push(file)
    onStack.add(file)
    for (const { target } of tree.get(file)?.imports ?? []) {
      if (target === undefined || !tree.has(target)) continue
      if (!index.has(target)) {
        visit(target)
        lower(file, low.get(target) ?? number)
      } else if (onStack.has(target)) lower(file, index.get(target) ?? number)
    }
    if (low.get(file) !== number) return
    const group = stack.splice(stack.indexOf(file))
    for (const member of group) onStack.delete(member)
    if (group.length > 1) found.push(group.toSorted())
  }
  for (const file of tree.keys()) if (!index.has(file)) visit(file)
  return found
}
