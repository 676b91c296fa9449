import type { Play } from '@ramet/model/api/wire.ts'

export interface MachineTab {
  readonly machine: string
  readonly label: string
}

export interface OtherTab {
  readonly id: string
  readonly label: string
  /** A sentence. */
  readonly says: string
  /** Where it can be seen instead. */
  readonly url?: string
}

/** One terminal tab a machine, as the run's `tabs` list them. */
export function machineTabs({ tabs }: Pick<Play, 'tabs'>): MachineTab[] {
  const terminals = tabs.filter(({ kind }) => kind === 'terminal')
  return terminals
    .filter((tab, index) => terminals.findIndex(({ machine }) => machine === tab.machine) === index)
    .map(({ machine, name }) => ({ machine, label: name || machine }))
}

/** Tabs of the run's playground that this app cannot show: each with what its panel says instead. */
export function otherTabs({ tabs, machines }: Pick<Play, 'tabs' | 'machines'>): OtherTab[] {
  return tabs.flatMap((tab) => {
    if (tab.kind === 'terminal') return []
    const { hostAddress } = machines.find(({ name }) => name === tab.machine) ?? {}
    return [{ id: tab.id, label: tab.name || `${tabKinds[tab.kind]} of ${tab.machine}`, ...whereInstead(tab, hostAddress) }]
  })
}

const tabKinds = { ide: 'IDE', 'http-port': 'Port', 'web-page': 'Page', kexp: 'Kubernetes' } as const

function whereInstead(tab: Play['tabs'][number], hostAddress: string | undefined): Pick<OtherTab, 'says' | 'url'> {
  const notYet = `This version of Ramet does not show tabs of the kind ${tab.kind} yet.`
  if (tab.kind === 'web-page' && tab.url !== undefined && /^https?:\/\//i.test(tab.url))
    return { says: `${notYet} The page is:`, url: tab.url }
  if (tab.kind !== 'http-port') return { says: notYet }
  const port = `${notYet} It is port ${tab.number} of ${tab.machine}`
  if (hostAddress === undefined) return { says: `${port}, which can be reached from the host while the machine is on.` }
  return { says: `${port}. From the host of the server:`, url: `${tab.tls ? 'https' : 'http'}://${hostAddress}:${tab.number}/` }
}

/** Names of the shells that this app opens on a machine: `web-1`, `web-2`, … */
export const sessionName = (number: number): string => `web-${number}`

/** The smallest number that is not taken. */
export function freeNumber(taken: readonly number[]): number {
  let number = 1
  while (taken.includes(number)) number += 1
  return number
}
