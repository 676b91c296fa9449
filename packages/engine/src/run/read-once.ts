import type { RunStore } from './run-store.ts'

/**
 * The contexts of a step (`steps.ts`): it works on the record that it has just looked at. (Reading records was half of all queries of a start.) Only the first read of its work is
 * answered by what was seen, and only before the step has written anything; every other one asks the store, also those of whoever got the store from a step and outlives it.
 */
export function readOnce<C extends { readonly store: RunStore }>(context: C): { looks: C; works: C } {
  const { store } = context
  let seen: ReturnType<RunStore['read']> | undefined
  let isLooking = true
  const forget = () => {
    isLooking = false
    seen = undefined
  }
  const look = () => {
    const record = store.read()
    if (isLooking) seen = record
    return record
  }
  const work = () => {
    const record = seen ?? store.read()
    forget()
    return record
  }
  return {
    looks: { ...context, store: readingBy(store, look, forget) },
    works: { ...context, store: readingBy(store, work, forget) },
  }
}

const readingBy = (store: RunStore, read: RunStore['read'], writes: () => void): RunStore =>
  new Proxy(store, {
    get(all, name) {
      if (name === 'read') return read
      const found: unknown = Reflect.get(all, name)
      if (typeof found !== 'function') return found
      return (...args: unknown[]) => {
        writes()
        return found.apply(all, args)
      }
    },
  })
