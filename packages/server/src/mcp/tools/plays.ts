import { dnsLabelSchema, titleSchema } from '@ramet/model/units/names.ts'
import { z } from 'zod'
import { endless } from '../../runs/lifetime.ts'
import { playgroundName, playId, seconds } from '../fields.ts'
import { briefOf, sightOf } from '../sight.ts'
import { type Tool, tool } from '../tool.ts'
import { untils, waitForPlay } from '../wait-for-play.ts'

const listedAtOnce = 50

const waitSeconds = seconds('how long to wait')

/** Tools about runs as a whole. */
export const playTools: readonly Tool[] = [
  tool({
    name: 'list_plays',
    title: 'List runs',
    description: 'Your runs, newest first.',
    scope: 'playground:read',
    input: z.object({
      limit: z.int().min(1).max(200).default(listedAtOnce),
      after: playId.optional().describe('id of the last run of the page before'),
    }),
    async run({ limit, after }, { services, user }) {
      return { plays: (await services.runs.list(user, { limit, cursor: after })).map(briefOf) }
    },
  }),
  tool({
    name: 'get_play',
    title: 'Look at a run',
    description: 'State, machines and tasks of a run.',
    scope: 'playground:read',
    input: z.object({ play_id: playId }),
    run: async ({ play_id }, { services, user }) => sightOf(await services.runs.get(user, play_id)),
  }),
  tool({
    name: 'get_play_tasks',
    title: 'Read tasks',
    description: 'Tasks of a run with what they printed.',
    scope: 'playground:read',
    input: z.object({ play_id: playId }),
    run: async ({ play_id }, { services, user }) => ({ tasks: await services.runs.tasks(user, play_id, []) }),
  }),
  tool({
    name: 'wait_for_play',
    title: 'Wait for a run',
    description:
      'Waits until a run is ready, its init tasks are over, it is stopped, or destroyed. With reached=false the time was up: call it again.',
    scope: 'playground:read',
    input: z.object({
      play_id: playId,
      until: z.enum(Object.keys(untils) as [keyof typeof untils]).default('initialised'),
      wait_seconds: waitSeconds,
    }),
    async run({ play_id, until, wait_seconds }, call) {
      const asked = await call.services.runs.get(call.user, play_id)
      const { play, isReached } = await waitForPlay(call, asked, until, wait_seconds * 1000)
      return { reached: isReached, ...sightOf(play) }
    },
  }),
  tool({
    name: 'start_play',
    title: 'Start a run',
    description:
      'Starts a run of a playground: real virtual machines, with root. Waits until they are ready and their init tasks are over.',
    scope: 'playground:run',
    input: z.object({
      playground: playgroundName,
      title: titleSchema.optional(),
      init_conditions: z
        .record(z.string(), z.string())
        .optional()
        .describe('values of init conditions, where the playground has some'),
      wait_seconds: waitSeconds,
    }),
    // What somebody else wrote is agreed to by a person, not by an agent: `consent_needed` says how.
    async run({ playground, title, init_conditions, wait_seconds }, call) {
      const request = { playground, title, conditions: init_conditions ?? {}, rerunInit: false, cold: false }
      const none = { overrides: undefined, tweaks: undefined, lifetime: endless, key: undefined, consent: false }
      const asked = await call.services.runs.start(call.user, { ...request, ...none })
      const { play, isReached } = await waitForPlay(call, asked, 'initialised', wait_seconds * 1000)
      return { reached: isReached, ...sightOf(play) }
    },
  }),
  tool({
    name: 'stop_play',
    title: 'Stop a run',
    description: 'Switches a run off and keeps its drives and its memory. restart_play goes on from there.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      power_off: z.boolean().default(false).describe('shut the machines down instead of keeping their memory'),
      wait_seconds: waitSeconds,
    }),
    async run({ play_id, power_off, wait_seconds }, call) {
      const asked = await call.services.runs.stop(call.user, play_id, { powerOff: power_off })
      const { play, isReached } = await waitForPlay(call, asked, 'stopped', wait_seconds * 1000)
      return { reached: isReached, ...sightOf(play) }
    },
  }),
  tool({
    name: 'restart_play',
    title: 'Restart a run',
    description: 'Switches a stopped run on again, where it was stopped.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      cold: z.boolean().default(false).describe('boot the machines, and forget what they had in memory'),
      wait_seconds: waitSeconds,
    }),
    async run({ play_id, cold, wait_seconds }, call) {
      const asked = await call.services.runs.restart(call.user, play_id, { cold })
      const { play, isReached } = await waitForPlay(call, asked, 'ready', wait_seconds * 1000)
      return { reached: isReached, ...sightOf(play) }
    },
  }),
  tool({
    name: 'set_play_title',
    title: 'Give a run a title',
    description: 'Gives a run another title.',
    scope: 'playground:run',
    input: z.object({ play_id: playId, title: titleSchema }),
    run: async ({ play_id, title }, { services, user }) => sightOf(await services.runs.setTitle(user, play_id, title)),
  }),
  tool({
    name: 'save_play_as_playground',
    title: 'Save a run',
    description: 'Makes a playground of a stopped run, with the content of its drives. The run stays as it is.',
    scope: 'playground:run',
    input: z.object({
      play_id: playId,
      name: dnsLabelSchema.describe('the name of the playground, exactly'),
      title: titleSchema.optional(),
    }),
    async run({ play_id, name, title }, { services, user, counts }) {
      using _ = counts.take(user, 'clone-requests')
      const saved = await services.copies.save(user, play_id, { name, ...(title === undefined ? {} : { title }) })
      return { playground: saved.name, page: saved.pageUrl }
    },
  }),
  tool({
    name: 'destroy_play',
    title: 'Destroy a run',
    description: 'Destroys a run with all that is on its drives, for good.',
    scope: 'playground:write',
    input: z.object({ play_id: playId }),
    run: async ({ play_id }, { services, user }) => sightOf(await services.runs.destroy(user, play_id)),
  }),
]
