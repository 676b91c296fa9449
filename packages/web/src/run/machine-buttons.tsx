import type { Play, PlayMachine } from '@ramet/model/api/wire.ts'
import { isMachineOn, type MachineAction, machineRefusal } from '@ramet/model/run/run-state.ts'
import { Button } from '../ui/button.tsx'
import type { IconName } from '../ui/icons.tsx'
import { useMachineAction } from './use-run-action.ts'

const shown: readonly {
  readonly action: MachineAction
  readonly text: string
  readonly icon: IconName
  readonly whenOn: boolean
}[] = [
  { action: 'machine.reboot', text: 'Reboot', icon: 'restart', whenOn: true },
  { action: 'machine.stop', text: 'Switch off', icon: 'stop', whenOn: true },
  { action: 'machine.restart', text: 'Switch on', icon: 'play', whenOn: false },
]

/** Buttons for the actions of one machine. A disabled one says why. */
export function MachineButtons({ play, machine }: { play: Play; machine: PlayMachine }) {
  const isOn = isMachineOn(machine.state)
  return (
    <span className="flex">
      {shown
        .filter(({ whenOn }) => whenOn === isOn)
        .map((each) => (
          <MachineButton key={each.action} play={play} machine={machine} {...each} />
        ))}
    </span>
  )
}

function MachineButton({ play, machine, action, text, icon }: { play: Play; machine: PlayMachine } & (typeof shown)[number]) {
  const act = useMachineAction(play.id, action, machine.name)
  return (
    <Button
      look="quiet"
      icon={icon}
      iconOnly
      refusal={machineRefusal(action, play.state, machine.state)}
      isBusy={act.isPending}
      onClick={act.mutate}
    >
      {`${text} ${machine.name}`}
    </Button>
  )
}
