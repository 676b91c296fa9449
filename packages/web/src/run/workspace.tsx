import { Tabs } from '@base-ui/react/tabs'
import type { Play } from '@ramet/model/api/wire.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { useState } from 'react'
import { ConsolePanel } from '../terminal/console-panel.tsx'
import { MachineTerminal } from '../terminal/machine-terminal.tsx'
import { machineTabs, otherTabs } from '../terminal/terminal-tabs.ts'
import { useSessions } from '../terminal/use-sessions.ts'
import { Button } from '../ui/button.tsx'
import { Icon } from '../ui/icons.tsx'
import { AtRest } from './at-rest.tsx'
import { NotShown } from './not-shown.tsx'

const consoleTab = 'console'
const otherTab = (id: string) => `other/${id}`
const tabClass =
  'flex h-9 items-center gap-1.5 border-b-2 border-transparent px-2.5 text-[13px] whitespace-nowrap text-muted hover:text-ink data-active:border-accent data-active:text-ink -outline-offset-2!'

/** The tabs of a run: its terminals by machine, further shells as they are opened, the serial consoles, and what its playground lists besides. */
export function Workspace({ play }: { play: Play }) {
  const sessions = useSessions(play.id)
  const machines = machineTabs(play)
  const others = otherTabs(play)
  const shells = machines.flatMap(({ machine, label }) =>
    sessions
      .of(machine)
      .map((number) => ({ machine, number, label: number === 1 ? label : `${label} · ${number}`, tab: `${machine}/${number}` })),
  )
  const [chosen, setChosen] = useState<string>()
  // Hidden terminals stay attached, but none is attached before it was looked at.
  const [seen, setSeen] = useState<readonly string[]>([])
  const all = [...shells.map(({ tab }) => tab), consoleTab, ...others.map(({ id }) => otherTab(id))]
  const active = all.find((tab) => tab === chosen) ?? shells[0]?.tab ?? consoleTab
  if (!seen.includes(active)) setSeen([...seen, active])
  const activeMachine = shells.find(({ tab }) => tab === active)?.machine
  const noTerminal = refusal('open_terminal', play.state)

  const close = (machine: string, number: number, tab: string) => {
    sessions.remove(machine, number)
    setSeen(seen.filter((other) => other !== tab))
    setChosen(`${machine}/1`)
  }

  return (
    <Tabs.Root value={active} onValueChange={(tab) => setChosen(String(tab))} className="flex min-h-0 flex-1 flex-col">
      <div className="flex items-center border-b border-line bg-surface pr-2 pl-2 sm:pl-4">
        <Tabs.List aria-label="Terminals and consoles" className="-mb-px flex min-w-0 overflow-x-auto overflow-y-hidden">
          {shells.map(({ machine, number, label, tab }) => (
            <div key={tab} className="flex items-center">
              <Tabs.Tab value={tab} className={tabClass}>
                {label}
              </Tabs.Tab>
              {number > 1 && (
                <button
                  type="button"
                  aria-label={`Close shell ${number} of ${machine}`}
                  title="Close; its shell goes on"
                  className="-ml-1 rounded p-0.5 text-faint hover:bg-hover hover:text-ink"
                  onClick={() => close(machine, number, tab)}
                >
                  <Icon name="close" className="size-3.5!" />
                </button>
              )}
            </div>
          ))}
          <Tabs.Tab value={consoleTab} className={tabClass}>
            Console
          </Tabs.Tab>
          {others.map(({ id, label }) => (
            <Tabs.Tab key={id} value={otherTab(id)} className={tabClass}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {activeMachine !== undefined && (
          <div className="ml-1">
            <Button
              look="quiet"
              icon="plus"
              iconOnly
              refusal={noTerminal}
              onClick={() => setChosen(`${activeMachine}/${sessions.add(activeMachine)}`)}
            >
              {`New shell on ${activeMachine}`}
            </Button>
          </div>
        )}
      </div>
      {shells.map(({ machine, number, tab }) => (
        <Tabs.Panel key={tab} value={tab} keepMounted className="min-h-0 flex-1 data-hidden:hidden">
          {noTerminal
            ? tab === active && <AtRest play={play} />
            : seen.includes(tab) && <MachineTerminal id={play.id} machine={machine} number={number} />}
        </Tabs.Panel>
      ))}
      <Tabs.Panel value={consoleTab} className="min-h-0 flex-1">
        <ConsolePanel play={play} />
      </Tabs.Panel>
      {others.map((other) => (
        <Tabs.Panel key={other.id} value={otherTab(other.id)} className="min-h-0 flex-1">
          <NotShown {...other} runId={play.id} />
        </Tabs.Panel>
      ))}
    </Tabs.Root>
  )
}
