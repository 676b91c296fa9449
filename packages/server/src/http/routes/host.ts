import { checkSchema, findingSchema } from '@ramet/model/api/host.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { tlsInfoSchema } from '@ramet/model/api/tls.ts'
import { z } from 'zod'
import type { HostReport } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const hostRoutes = (host: HostReport): Route[] => [
  route({
    method: 'GET',
    path: routes.doctor(),
    permission: 'host.read',
    summary: 'What this host has, and what to do where something is missing',
    answer: z.array(checkSchema),
    handle: () => host.doctor(),
  }),
  route({
    method: 'GET',
    path: routes.fsck(),
    permission: 'host.read',
    summary: 'Where the store and the disk do not agree; empty when all is well',
    query: z.object({ deep: z.enum(['true', 'false']).optional() }),
    answer: z.array(findingSchema),
    handle: ({ query }) => host.fsck({ isDeep: query.deep === 'true' }),
  }),
  route({
    method: 'GET',
    path: routes.tls(),
    permission: 'account.read',
    summary: 'Port and authority of https, and the domain of published ports',
    answer: tlsInfoSchema,
    handle: async () => host.tls(),
  }),
]
