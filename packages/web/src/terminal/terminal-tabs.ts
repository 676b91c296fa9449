import type { Play } from '@ramet/model/api/wire.ts'

export interface MachineTab {
  readonly machine: string
  readonly label: string
}

/** One terminal tab a machine, as the run's `tabs` list them; machines without ssh have none. A run that lists none gets all. */
export function machineTabs({ machines, tabs }: Pick<Play, 'machines' | 'tabs'>): MachineTab[] {
  const reachable = machines.filter(({ noSSH }) => !noSSH).map(({ name }) => name)
  const listed = tabs.flatMap((tab) => {
    const machine = typeof tab.machine === 'string' ? tab.machine : reachable[0]
    if (tab.kind !== 'terminal' || machine === undefined || !reachable.includes(machine)) return []
    return [{ machine, label: typeof tab.name === 'string' && tab.name !== '' ? tab.name : machine }]
  })
  const first = listed.filter((tab, index) => listed.findIndex(({ machine }) => machine === tab.machine) === index)
  return first.length > 0 || tabs.length > 0 ? first : reachable.map((machine) => ({ machine, label: machine }))
}

/** Names of the shells that this app opens on a machine: `web-1`, `web-2`, … */
export const sessionName = (number: number): string => `web-${number}`

/** The smallest number that is not taken. */
export function freeNumber(taken: readonly number[]): number {
  let number = 1
  while (taken.includes(number)) number += 1
  return number
}
