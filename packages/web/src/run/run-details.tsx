import type { Play } from '@ramet/model/api/wire.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { queries } from '../api/queries.ts'
import { CopyText } from '../ui/copy-button.tsx'
import { Facts, Part } from '../ui/facts.tsx'
import { Storage } from '../ui/storage.tsx'
import { useRunStorage } from '../ui/use-storage.ts'
import { LineageTree } from './lineage-tree.tsx'
import { MachineDetails } from './machine-details.tsx'
import { NetworkDrawing } from './network-drawing.tsx'
import { PublishedList } from './published-list.tsx'
import { startLook } from './start-look.ts'
import { StateHistory } from './state-history.tsx'
import { TaskList } from './task-list.tsx'

/** What a run is made of and what happened to it. */
export function RunDetails({ play }: { play: Play }) {
  const storage = useRunStorage(play.id)
  const start = startLook(play)
  const conditions = Object.entries(play.initConditions ?? {})
    .map(([key, value]) => `${key} = ${value}`)
    .join(', ')
  const { data: published } = useQuery(queries.published(play.id))
  const { data: lineage } = useQuery(queries.lineage(play.id))
  return (
    <div className="flex flex-col divide-y divide-line">
      <Part title="Run">
        <Facts
          facts={[
            ['Playground', `${play.playground.title} (${play.playground.name})`],
            ['Created', new Date(play.createdAt).toLocaleString()],
            [
              'Clone of',
              play.clonedFrom && (
                <Link key="source" to="/runs/$id" params={{ id: play.clonedFrom.id }} className="rounded hover:text-accent">
                  {play.clonedFrom.title}
                </Link>
              ),
            ],
            ['Came up', start && (start.badge === start.label ? `${start.label}. ${start.reason}` : start.reason)],
            ['Time', timeOf(play)],
            ['Less than asked for', play.notices?.join(' ')],
            ['Other than its playground', play.changes?.join('; ')],
            ['Init conditions', conditions || undefined],
            ['Memory kept', play.snapshot && describeBytes(play.snapshot.bytes)],
            ['Storage', storage && <Storage key="storage" storage={storage} />],
            ['Id', <CopyText key="id" text={play.id} what="id" />],
            ['Shell', <CopyText key="ssh" text={`npx --no-install ramet ssh ${play.id}`} what="command" />],
          ]}
        />
      </Part>
      {play.networks.length > 0 && (
        <Part title="Networks">
          <NetworkDrawing play={play} />
        </Part>
      )}
      {published && published.ports.length + published.shells.length > 0 && (
        <Part title="Published">
          <PublishedList {...published} />
        </Part>
      )}
      {Object.keys(play.tasks).length > 0 && (
        <Part title="Tasks">
          <TaskList play={play} />
        </Part>
      )}
      {play.machines.map((machine) => (
        <MachineDetails key={machine.name} play={play} machine={machine} />
      ))}
      {lineage && (
        <Part title="Lineage">
          <LineageTree lineage={lineage} />
        </Part>
      )}
      <Part title="History">
        <StateHistory events={play.status.stateEvents} />
      </Part>
    </div>
  )
}

/** How long it may be on, and until when. */
function timeOf({ maxPlayTime, expiresAt, atEnd, ending }: Play): string | undefined {
  if (maxPlayTime === undefined) return undefined
  if (expiresAt === undefined) return ending ?? `${maxPlayTime} at a time`
  return `Until ${new Date(expiresAt).toLocaleString()}; then it is ${atEnd === 'destroy' ? 'destroyed' : 'stopped'}`
}
