import { lineageSchema } from '@ramet/model/api/lineage.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { Lineages } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const lineageRoutes = (lineages: Lineages): Route[] => [
  route({
    method: 'GET',
    path: routes.playLineage(':id'),
    permission: 'run.read',
    params: ['id'],
    summary: 'Where a run came from, and what came from it; destroyed and removed ones too',
    answer: lineageSchema,
    handle: ({ user, params }) => lineages.ofRun(user, params.id),
  }),
  route({
    method: 'GET',
    path: routes.playgroundLineage(':name'),
    permission: 'playground.read',
    params: ['name'],
    summary: 'Where a playground came from, and what came from it',
    answer: lineageSchema,
    handle: ({ user, params }) => lineages.ofPlayground(user, params.name),
  }),
]
