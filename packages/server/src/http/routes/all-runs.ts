import { seenRunSchema } from '@ramet/model/api/all-runs.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { pageSchema } from '@ramet/model/api/wire.ts'
import { z } from 'zod'
import type { AllRuns } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const allRunRoutes = (runs: AllRuns): Route[] => [
  route({
    method: 'GET',
    path: routes.allRuns(),
    permission: 'host.runs',
    summary:
      'Everybody’s runs, newest first, for admins: whose they are and what they take, not what they are called or what is in them',
    query: pageSchema,
    answer: z.array(seenRunSchema),
    handle: ({ query }) => runs.list(query),
  }),
  route({
    method: 'POST',
    path: routes.stopAnyRun(':id'),
    permission: 'host.runs',
    params: ['id'],
    summary: 'Stops anybody’s run, for admins; it keeps everything, its memory too',
    answer: z.object({}),
    async handle({ user, params }) {
      await runs.stop(user, params.id)
      return {}
    },
  }),
]
