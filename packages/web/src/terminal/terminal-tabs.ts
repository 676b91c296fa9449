import type { ExposePortRequest } from '@ramet/model/api/ports.ts'
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
  /** A port that has a page of its own, under a host name of its own: published when it is opened. */
  readonly port?: ExposePortRequest
}

/** One terminal tab a machine, as the run's `tabs` list them. */
export function machineTabs({ tabs }: Pick<Play, 'tabs'>): MachineTab[] {
  const terminals = tabs.filter(({ kind }) => kind === 'terminal')
  return terminals
    .filter((tab, index) => terminals.findIndex(({ machine }) => machine === tab.machine) === index)
    .map(({ machine, name }) => ({ machine, label: name || machine }))
}

/** Tabs of the run's playground that this app cannot show: each with what its panel says instead. */
export function otherTabs({ tabs }: Pick<Play, 'tabs'>): OtherTab[] {
  return tabs.flatMap((tab) => {
    if (tab.kind === 'terminal') return []
    return [{ id: tab.id, label: tab.name || `${tabKinds[tab.kind]} of ${tab.machine}`, ...whereInstead(tab) }]
  })
}

const tabKinds = { ide: 'IDE', 'http-port': 'Port', 'web-page': 'Page', kexp: 'Kubernetes' } as const

function whereInstead(tab: Play['tabs'][number]): Omit<OtherTab, 'id' | 'label'> {
  const { kind, machine, number, tls, hostRewrite, pathRewrite, access, url } = tab
  if (kind === 'http-port' && number !== undefined)
    return {
      says: `Port ${number} of ${machine} opens in a window of its own, ${access === 'public' ? 'for whoever has its address' : 'for you alone'}.`,
      port: { machine, number, tls: tls ?? false, hostRewrite, pathRewrite, access },
    }
  const notYet = `This version of Ramet does not show tabs of the kind ${kind} yet.`
  return kind === 'web-page' && url !== undefined && /^https?:\/\//i.test(url)
    ? { says: `${notYet} The page is:`, url }
    : { says: notYet }
}

/** Names of the shells that this app opens on a machine: `web-1`, `web-2`, … */
export const sessionName = (number: number): string => `web-${number}`

/** The smallest number that is not taken. */
export function freeNumber(taken: readonly number[]): number {
  let number = 1
  while (taken.includes(number)) number += 1
  return number
}
