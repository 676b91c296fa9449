import { healthSchema } from '@ramet/model/api/host.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { HostReport } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const healthRoutes = (host: HostReport): Route[] => [
  route({
    method: 'GET',
    path: routes.health(),
    permission: 'anyone',
    summary: 'Whether the server is up, what it is, and what is still being built',
    answer: healthSchema,
    handle: async () => host.health(),
  }),
]
