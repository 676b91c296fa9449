import type { Host } from '@ramet/engine'
import { platform } from '@ramet/model/access/can.ts'
import type { Logger } from 'pino'
import { subjectOfRun } from '../access/permit.ts'
import type { Activity } from '../background/activity.ts'
import { isOnItsWay } from '../background/on-its-way.ts'
import { EventStream } from '../events/events.ts'
import { OneAtATime } from '../events/one-at-a-time.ts'
import type { ImageService } from '../images/image-service.ts'
import { type PlayContext, toPlays } from '../runs/to-play.ts'
import type { Runs } from '../services.ts'
import { findRun } from '../store/runs.ts'

/** A start changes its run 15 times a second. Listeners are told of a run as often at most (`EventStream`). */
const restMs = 50
/** How many of the newest runs a new listener gets at once. Older ones are read as a list. */
const inPicture = 200

export interface RunEventsParts {
  readonly plays: PlayContext
  readonly images: ImageService
  readonly host: Host
  readonly activity: Activity
  readonly log: Logger
  /** Made later than this. */
  runs(): Runs
  /** Called with each change, for what follows runs from within the server. */
  noticed(): void
}

/** Tells whoever may see it what happens to runs and images. */
export function runEvents({ plays, images, host, activity, log, runs, noticed }: RunEventsParts) {
  const events = new EventStream({
    snapshot: async (user) => [
      ...(await runs().list(user, { limit: inPicture })).map((play) => ({ kind: 'play' as const, play })),
      ...images.list().map((image) => ({ kind: 'image' as const, image })),
    ],
    onError: (error) => log.error({ err: error }, 'a picture for the event stream could not be made'),
  })
  host.images.onChange((image) => events.publish(platform, { kind: 'image', image }))
  const tellRun = new OneAtATime(async (runId) => {
    const row = await findRun(plays.db, runId)
    noticed()
    activity.note(runId, row !== undefined && isOnItsWay(row, plays.progressOf(runId)))
    if (row?.purpose !== 'user') return
    if (!events.hasListeners) return events.passOver()
    const [play] = await toPlays(plays, [row])
    if (play) events.publish(subjectOfRun(row), { kind: 'play', play })
  }, restMs)
  const changed = (runId: string) =>
    tellRun.trigger(runId, (error) => log.error({ err: error, run: runId }, 'a change could not be told'))
  return { events, changed }
}
