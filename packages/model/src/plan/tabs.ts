import { z } from 'zod'
import { type ManifestSpec, type ManifestTab, tabSchema } from '../manifest/manifest.ts'
import { pageUrlSchema } from '../units/page-url.ts'

/** A tab of a run's page, with every default filled in. What the web app cannot show (an IDE, a port, a page) is kept and served all the same. */
export const planTabSchema = z.object({
  id: z.string(),
  kind: z.enum(['terminal', 'ide', 'http-port', 'web-page', 'kexp']),
  machine: z.string(),
  name: z.string().optional(),
  number: z.number().int().optional(),
  tls: z.boolean().optional(),
  hostRewrite: z.string().optional(),
  pathRewrite: z.string().optional(),
  /** Runs of before links were checked lose one that may not be shown. */
  url: pageUrlSchema.optional().catch(undefined),
  access: z.enum(['private', 'public']).optional(),
  pane: z.string().optional(),
})
export type PlanTab = z.infer<typeof planTabSchema>

interface Machine {
  readonly name: string
  readonly noSSH?: boolean | undefined
}

/**
 * The tabs that a manifest lists; without any, a terminal for each machine. A machine that lets nobody in has no terminal. Ids default to
 * `<kind>-<machine>` (a second one: `-2`), the machine to the first.
 */
export function resolveTabs(listed: readonly ManifestTab[], machines: readonly Machine[]): PlanTab[] {
  const [first] = machines
  const given = listed.length > 0 ? listed : machines.map(({ name }): Partial<ManifestTab> => ({ machine: name, name }))
  const closed = new Set(machines.filter(({ noSSH }) => noSSH).map(({ name }) => name))
  const taken = new Set(given.map(({ id }) => id))
  return given
    .map((tab): PlanTab => {
      const { kind = 'terminal', machine = first?.name ?? '' } = tab
      const said = Object.fromEntries(Object.entries(tab).filter(([, value]) => value !== undefined))
      const id = tab.id ?? freeId(`${kind}-${machine}`, taken)
      taken.add(id)
      return { ...said, kind, machine, id }
    })
    .filter(({ kind, machine }) => kind !== 'terminal' || !closed.has(machine))
}

function freeId(id: string, taken: ReadonlySet<string | undefined>): string {
  let free = id
  for (let number = 2; taken.has(free); number += 1) free = `${id}-${number}`
  return free
}

/** Those of a base that are on machines which are still there. */
export const tabsOn = (tabs: readonly ManifestTab[], machines: ReadonlySet<string>): ManifestTab[] =>
  tabs.filter(({ machine }) => machine === undefined || machines.has(machine))

/** Tabs of a run. Plans of before they had tabs have those of their playground as it is now, whose spec (JSON) is given. */
export function tabsOfRun(
  plan: { readonly machines: readonly Machine[]; readonly tabs?: readonly PlanTab[] | undefined },
  playgroundSpec: string | undefined,
): PlanTab[] {
  if (plan.tabs) return [...plan.tabs]
  const listed = z.array(tabSchema).safeParse((JSON.parse(playgroundSpec ?? '{}') as Partial<ManifestSpec>).tabs)
  const machines = new Set(plan.machines.map(({ name }) => name))
  return resolveTabs(tabsOn(listed.data ?? [], machines), plan.machines)
}
