import type { Play } from '@ramet/model/api/wire.ts'
import { drawing, layOutNetworks } from './network-layout.ts'
import { machineLook, type Tone } from './run-look.ts'

/** Text that a wire passes stays readable. */
const halo = { stroke: 'var(--surface)', strokeWidth: 3, strokeLinejoin: 'round', paintOrder: 'stroke' } as const

const fills: Record<Tone, string> = { good: 'fill-accent', busy: 'fill-busy', off: 'fill-off', bad: 'fill-bad' }

/** Draws machines and networks of a run: who is on which network, with which address, and what leads outside. */
export function NetworkDrawing({ play }: { play: Play }) {
  const { width, height, machines, networks } = layOutNetworks(play)
  const states = new Map(play.machines.map(({ name, state }) => [name, state]))
  const { boxTop, boxHeight, side, cloud } = drawing
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={asText(play)} className="w-full max-w-md">
      {machines.flatMap(({ wires }) =>
        wires.map(({ x, y, network, address }) => (
          <line
            key={network + address}
            x1={x}
            x2={x}
            y1={boxTop + boxHeight}
            y2={y}
            strokeWidth="1.4"
            className="stroke-line-strong"
          />
        )),
      )}
      {networks.map(({ name, subnet, gateway, isPrivate, y }) => (
        <g key={name}>
          <line
            x1={side}
            x2={isPrivate ? width - cloud : width - cloud + 8}
            y1={y}
            y2={y}
            strokeWidth="3"
            strokeLinecap="round"
            className={isPrivate ? 'stroke-line-strong' : 'stroke-accent'}
          />
          <text x={side} y={y + 16} className="fill-muted text-[11px]" {...halo}>
            {gateway !== undefined && <title>{`Gateway ${gateway}`}</title>}
            {name}
            <tspan className="fill-faint font-mono text-[10px]" dx="6">
              {subnet}
            </tspan>
            {isPrivate && (
              <tspan className="fill-faint" dx="6">
                private
              </tspan>
            )}
          </text>
          {!isPrivate && <Cloud x={width - cloud + 8} y={y} />}
        </g>
      ))}
      {machines.map((machine) => (
        <g key={machine.name}>
          {machine.wires.map((wire) => (
            <g key={wire.network + wire.address}>
              <circle cx={wire.x} cy={wire.y} r="4" strokeWidth="1.6" className="fill-surface stroke-ink" />
              <text x={wire.x + 6} y={wire.y - 8} className="fill-ink font-mono text-[10px]" {...halo}>
                <title>{`${machine.name} on ${wire.network}: ${wire.address}`}</title>
                {wire.label}
              </text>
            </g>
          ))}
          <rect
            x={machine.x}
            y={boxTop}
            width={machine.width}
            height={boxHeight}
            rx="6"
            strokeWidth="1.2"
            className="fill-raised stroke-line-strong"
          />
          <circle
            cx={machine.x + 13}
            cy={boxTop + boxHeight / 2}
            r="3.5"
            className={fills[machineLook[states.get(machine.name) ?? 'STOPPED'].tone]}
          />
          <text x={machine.x + 22} y={boxTop + boxHeight / 2 + 4} className="fill-ink text-[12px] font-medium">
            <title>{machine.name}</title>
            {shortened(machine.name, machine.width)}
          </text>
        </g>
      ))}
    </svg>
  )
}

/** The world outside. */
function Cloud({ x, y }: { x: number; y: number }) {
  return (
    <g transform={`translate(${x} ${y - 13})`} className="fill-surface stroke-accent" strokeWidth="1.4" strokeLinejoin="round">
      <title>Leads outside</title>
      <path d="M7 22h16a6 6 0 0 0 .6-11.9A8 8 0 0 0 8.4 8.7 6.7 6.7 0 0 0 7 22z" />
    </g>
  )
}

/** About 7 units a letter of this size. */
function shortened(name: string, width: number): string {
  const most = Math.max(3, Math.floor((width - 26) / 7))
  return name.length > most ? `${name.slice(0, most - 1)}…` : name
}

const asText = ({ machines, networks }: Play) =>
  [
    ...networks.map((network) => `Network ${network.name}, ${network.subnet}, ${network.private ? 'private' : 'leads outside'}.`),
    ...machines.flatMap(({ name, interfaces }) =>
      interfaces.map(({ network, address }) => `${name} is ${address} on ${network}.`),
    ),
  ].join(' ')
