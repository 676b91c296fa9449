import { routes } from '@ramet/model/api/routes.ts'
import { overridesOf } from '@ramet/model/api/start-overrides.ts'
import { createPlaySchema, pageSchema, playSchema, playTaskDetailsSchema } from '@ramet/model/api/wire.ts'
import { lineSchema } from '@ramet/model/units/plain-text.ts'
import { z } from 'zod'
import type { Runs } from '../../services.ts'
import { RepeatedStarts } from '../repeated-starts.ts'
import { bodyBytes, type Route, route } from '../route.ts'

export const playRoutes = (runs: Runs, repeated = new RepeatedStarts()): Route[] => [
  route({
    method: 'POST',
    path: routes.plays(),
    permission: 'playground.start',
    summary: 'Starts a run of a playground; answers at once, with the run on its way',
    headers: {
      'Idempotency-Key': 'The same request with the same key starts nothing more, and is answered with the run that there is',
    },
    body: createPlaySchema,
    bodyBytes: bodyBytes.texts,
    answer: playSchema,
    async handle({ user, body, request, reply }) {
      const { playground, title, rerunInit = false, cold = false, initConditions, tweaks, maxPlayTimeMinutes, atEnd } = body
      return runs.start(user, {
        playground,
        title,
        rerunInit,
        cold,
        conditions: initConditions ?? {},
        overrides: overridesOf(body),
        tweaks: tweaks ?? undefined,
        lifetime: { minutes: maxPlayTimeMinutes || null, atEnd: atEnd ?? 'stop' },
        consent: body.safetyDisclaimerConsent === true,
        key: repeated.keyOf(user, request, reply),
      })
    },
  }),
  route({
    method: 'GET',
    path: routes.plays(),
    permission: 'run.list',
    summary:
      "The user's runs, newest first; `limit`: a page of so many, `cursor`: those after the run of this id. A page that is not full is the last one",
    query: pageSchema,
    answer: z.array(playSchema),
    handle: ({ user, query }) => runs.list(user, query),
  }),
  route({
    method: 'GET',
    path: routes.play(':id'),
    permission: 'run.read',
    params: ['id'],
    summary: 'One run',
    answer: playSchema,
    handle: ({ user, params }) => runs.get(user, params.id),
  }),
  route({
    method: 'GET',
    path: routes.tasks(':id'),
    permission: 'run.read',
    params: ['id'],
    summary: 'Tasks of a run with their output, in the order of the manifest; `machine`, once or several times: only of these',
    query: z.object({ machine: z.union([lineSchema(0, 200), z.array(lineSchema(0, 200))]).optional() }),
    answer: z.array(playTaskDetailsSchema),
    handle: ({ user, params, query }) => runs.tasks(user, params.id, [query.machine ?? []].flat()),
  }),
  route({
    method: 'DELETE',
    path: routes.play(':id'),
    permission: 'run.destroy',
    params: ['id'],
    summary: 'Destroys a run; the action `destroy` does the same and answers with the run',
    answer: z.object({}),
    async handle({ user, params }) {
      await runs.destroy(user, params.id)
      return {}
    },
  }),
]
