import type { Play } from '@ramet/model/api/wire.ts'
import { noWayIn } from '@ramet/model/errors/errors.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Picker } from '../ui/picker.tsx'
import { SerialLog } from './serial-log-view.tsx'
import { TerminalView } from './terminal-view.tsx'

/** What the machines printed on their serial lines, boot by boot, and the live line itself: the last way in. */
export function ConsolePanel({ play }: { play: Play }) {
  const names = play.machines.map(({ name }) => name)
  const [machine = '', setMachine] = useState(names[0])
  const [boot, setBoot] = useState<string>()
  const [isAttached, setIsAttached] = useState(false)
  const isClosed = play.machines.some(({ name, noSSH }) => name === machine && noSSH)
  const off = refusal('open_console', play.state)
  const refused = off ?? (isClosed ? noWayIn(machine).message : undefined)
  const isLive = isAttached && refused === undefined
  // A new boot appears when the run's state changes, which the key of the query does not know.
  const { data: boots = [] } = useQuery({ ...queries.consoles(play.id, machine), refetchInterval: 5000, staleTime: 0 })
  const latest = boots.at(-1)
  const shown = boot !== undefined && boots.includes(boot) ? boot : latest

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-wrap items-center gap-2 border-b border-line bg-surface px-3 py-2 sm:px-5">
        {names.length > 1 && (
          <Picker
            label="Machine"
            value={machine}
            options={names.map((name) => ({ value: name, text: name }))}
            onPick={(name) => {
              setMachine(name)
              setBoot(undefined)
            }}
          />
        )}
        {!isLive && shown !== undefined && (
          <Picker
            label="Boot"
            value={shown}
            options={boots.map((name, index) => ({ value: name, text: bootText(index, boots.length) })).toReversed()}
            onPick={setBoot}
          />
        )}
        <p className="min-w-0 flex-1 text-xs text-muted">
          {isLive
            ? 'Attached to the serial line. Press Enter to see its prompt.'
            : 'What the machine printed on its serial line.'}
        </p>
        <Button icon="plug" refusal={refused} isPressed={isLive} onClick={() => setIsAttached(!isLive)}>
          {isLive ? 'Detach' : 'Attach'}
        </Button>
      </div>
      <div className="min-h-0 flex-1">
        {isLive ? (
          <TerminalView
            key={machine}
            label={`Serial console of ${machine}`}
            open={(size) => serialLine(play.id, machine, size)}
            anew="Attached again."
            ended={() => 'The serial line was closed. Press Enter to attach again.'}
          />
        ) : (
          <SerialLog id={play.id} machine={machine} boot={shown} isGrowing={off === undefined && shown === latest} />
        )}
      </div>
    </div>
  )
}

/** A serial line has no size to tell. */
function serialLine(id: string, machine: string, _size: unknown) {
  const stream = client.console(id, machine)
  stream.resize = () => {}
  return stream
}

function bootText(index: number, count: number): string {
  return index === count - 1 ? `Boot ${index + 1} (latest)` : `Boot ${index + 1}`
}
