import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'
import { machineLook, runLook, type Tone } from './run-look.ts'

const dots: Record<Tone, string> = {
  good: 'bg-accent',
  busy: 'bg-busy breathing',
  off: 'bg-transparent ring-[1.5px] ring-inset ring-off',
  bad: 'bg-bad',
}
const texts: Record<Tone, string> = { good: 'text-ink', busy: 'text-busy', off: 'text-muted', bad: 'text-bad' }

export function Dot({ tone }: { tone: Tone }) {
  return <span aria-hidden="true" className={`inline-block size-2 shrink-0 rounded-full ${dots[tone]}`} />
}

function Badge({ tone, label }: { tone: Tone; label: string }) {
  return (
    <span className={`inline-flex items-center gap-1.5 text-[13px] whitespace-nowrap ${texts[tone]}`}>
      <Dot tone={tone} />
      {label}
    </span>
  )
}

export const RunStateBadge = ({ state }: { state: RunState }) => <Badge {...pick(runLook[state])} />
export const MachineStateBadge = ({ state }: { state: MachineState }) => <Badge {...pick(machineLook[state])} />

const pick = ({ tone, label }: { tone: Tone; label: string }) => ({ tone, label })
