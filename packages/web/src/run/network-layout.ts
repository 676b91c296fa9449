import type { Play } from '@ramet/model/api/wire.ts'

/** Where things stand in the drawing of a run's networks: machines side by side on top, each network a line below that reaches under all of them. */
export interface NetworkLayout {
  readonly width: number
  readonly height: number
  readonly machines: readonly PlacedMachine[]
  readonly networks: readonly PlacedNetwork[]
}

interface PlacedMachine {
  readonly name: string
  readonly x: number
  readonly width: number
  readonly wires: readonly PlacedWire[]
}

interface PlacedWire {
  readonly x: number
  readonly y: number
  /** As much of it as there is room for. */
  readonly label: string
  readonly address: string
  readonly network: string
}

interface PlacedNetwork {
  readonly name: string
  readonly subnet: string
  readonly gateway: string | undefined
  readonly isPrivate: boolean
  readonly y: number
}

export const drawing = {
  width: 352,
  side: 6,
  cloud: 44,
  boxTop: 4,
  boxHeight: 34,
  firstLine: 84,
  betweenLines: 58,
  below: 26,
} as const

/** Pure. Wires of one machine stand beside each other, so that a wire that only passes a network does not seem to be on it. */
export function layOutNetworks({ machines, networks }: Pick<Play, 'machines' | 'networks'>): NetworkLayout {
  const { width, side, cloud, firstLine, betweenLines, below } = drawing
  const lineOf = new Map(networks.map(({ name }, index) => [name, firstLine + index * betweenLines]))
  const column = (width - side - cloud) / Math.max(machines.length, 1)
  // The last number is what differs within a network, and all that fits under a narrow box.
  const isNarrow = column < 90
  return {
    width,
    height: firstLine + Math.max(networks.length - 1, 0) * betweenLines + below,
    networks: networks.map(({ name, subnet, gateway, private: isPrivate }) => ({
      name,
      subnet,
      gateway,
      isPrivate,
      y: lineOf.get(name) ?? 0,
    })),
    machines: machines.map(({ name, interfaces }, index) => {
      const x = side + index * column
      const boxWidth = Math.min(column - 8, 120)
      const step = Math.min(18, (boxWidth - 16) / Math.max(interfaces.length, 1))
      return {
        name,
        x,
        width: boxWidth,
        wires: interfaces.map(({ network, address }, at) => ({
          x: x + 12 + at * step,
          y: lineOf.get(network) ?? 0,
          label: isNarrow ? `.${address.split('.').at(-1)}` : address,
          address,
          network,
        })),
      }
    }),
  }
}
