import { routes } from '@ramet/model/api/routes.ts'
import { searchQuerySchema, searchResultSchema } from '@ramet/model/api/search.ts'
import type { Playgrounds } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const searchRoutes = (playgrounds: Pick<Playgrounds, 'search'>): Route[] => [
  route({
    method: 'GET',
    path: routes.search(),
    permission: 'playground.list',
    summary: 'Playgrounds whose words have all that is sought; how many there are in all is in the header X-Total-Count',
    query: searchQuerySchema,
    answer: searchResultSchema,
    async handle({ user, query, reply }) {
      const { items, total } = await playgrounds.search(user, query)
      reply.header('x-total-count', String(total))
      return { items }
    },
  }),
]
