import { routes } from '@ramet/model/api/routes.ts'
import { clonePlaySchema, playgroundSchema, playSchema, savePlaySchema } from '@ramet/model/api/wire.ts'
import { z } from 'zod'
import type { OpenCounts } from '../../access/open-counts.ts'
import type { Copies } from '../../services.ts'
import { bodyBytes, type Route, route } from '../route.ts'

export const copyRoutes = (copies: Copies, counts: OpenCounts): Route[] => [
  route({
    method: 'POST',
    path: routes.clones(':id'),
    permission: 'run.copy',
    params: ['id'],
    summary:
      'Clones a stopped run: new runs with the content of all its drives, which take no room until they start. Or a running one (`live`), with its memory',
    body: clonePlaySchema,
    answer: z.array(playSchema),
    async handle({ user, params, body: { count, title, start, live } }) {
      using _ = counts.take(user, 'clone-requests')
      return await copies.clone(user, params.id, { count, title, start, live })
    },
  }),
  route({
    method: 'POST',
    path: routes.saves(':id'),
    permission: 'run.copy',
    params: ['id'],
    summary: 'Saves a stopped run as a playground, under exactly the name that is given',
    body: savePlaySchema,
    bodyBytes: bodyBytes.texts,
    answer: playgroundSchema,
    async handle({ user, params, body }) {
      using _ = counts.take(user, 'clone-requests')
      return await copies.save(user, params.id, body)
    },
  }),
]
