import { routes } from '@ramet/model/api/routes.ts'
import { createPlaySchema, playSchema, playTaskDetailsSchema } from '@ramet/model/api/wire.ts'
import { InvalidInput } from '@ramet/model/errors/error.ts'
import { titleSchema } from '@ramet/model/units/names.ts'
import { z } from 'zod'
import type { Runs } from '../../services.ts'
import { type Route, route } from '../route.ts'

const overrides = ['tabs', 'networks', 'machines', 'initTasks', 'initConditions'] as const

/** labctl sends what was not given as null or as an empty list or map. */
const isGiven = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length > 0

export const playRoutes = (runs: Runs): Route[] => [
  route({
    method: 'POST',
    path: routes.plays(),
    summary: 'Starts a run of a playground; answers at once, with the run on its way',
    body: createPlaySchema.extend({ title: titleSchema.optional() }),
    answer: playSchema,
    async handle({ user, body }) {
      const problems = overrides.filter((field) => isGiven(body[field])).map(notYet)
      if (problems.length > 0) throw new InvalidInput(501, problems)
      return runs.start(user, body)
    },
  }),
  route({
    method: 'GET',
    path: routes.plays(),
    summary: "The user's runs, newest first",
    answer: z.array(playSchema),
    handle: ({ user }) => runs.list(user),
  }),
  route({
    method: 'GET',
    path: routes.play(':id'),
    params: ['id'],
    summary: 'One run',
    answer: playSchema,
    handle: ({ user, params }) => runs.get(user, params.id),
  }),
  route({
    method: 'GET',
    path: routes.tasks(':id'),
    params: ['id'],
    summary: 'Tasks of a run with their output, in the order of the manifest; `machine`, once or several times: only of these',
    query: z.object({ machine: z.union([z.string(), z.array(z.string())]).optional() }),
    answer: z.array(playTaskDetailsSchema),
    handle: ({ user, params, query }) => runs.tasks(user, params.id, [query.machine ?? []].flat()),
  }),
  route({
    method: 'DELETE',
    path: routes.play(':id'),
    params: ['id'],
    summary: 'Destroys a run; the action `destroy` does the same and answers with the run',
    answer: z.object({}),
    async handle({ user, params }) {
      await runs.destroy(user, params.id)
      return {}
    },
  }),
]

const notYet = (field: string) => ({
  code: 'not_supported_yet',
  message: `Starting with ${field} other than the playground's is not supported yet.`,
  hint: 'Make a playground of your own with `ramet playground create` and start that.',
  where: field,
})
