import { maxClones } from '@ramet/model/api/wire.ts'
import { titleSchema } from '@ramet/model/units/names.ts'
import { z } from 'zod'
import { playId, seconds } from '../fields.ts'
import { sightOf } from '../sight.ts'
import { type Tool, tool } from '../tool.ts'
import { waitForPlay } from '../wait-for-play.ts'

/** Tools that make runs of a run. */
export const cloneTools: readonly Tool[] = [
  tool({
    name: 'clone_play',
    title: 'Clone a run',
    description:
      'Makes copies of a run, all machines and drives, without copying a byte. With live=true of a running one: the clones go on from the same instant with its memory and processes, in worlds of their own, and the run itself goes on. Else of a stopped one.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      count: z.int().min(1).max(maxClones).default(1),
      live: z.boolean().default(true),
      title: titleSchema.optional().describe('further ones are numbered; default: that of the run with (clone)'),
      wait_seconds: seconds('how long to wait until all are ready'),
    }),
    async run({ play_id, count, live, title, wait_seconds }, call) {
      using _ = call.counts.take(call.user, 'clone-requests')
      const clones = await call.services.copies.clone(call.user, play_id, { count, live, title, start: live })
      if (!live) return { clones: clones.map(sightOf) }
      const waited = await Promise.all(clones.map((clone) => waitForPlay(call, clone, 'ready', wait_seconds * 1000)))
      return { clones: waited.map(({ play, isReached }) => ({ reached: isReached, ...sightOf(play) })) }
    },
  }),
]
