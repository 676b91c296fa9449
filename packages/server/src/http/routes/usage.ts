import { routes } from '@ramet/model/api/routes.ts'
import { usageSchema } from '@ramet/model/api/usage.ts'
import type { Storage } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const usageRoutes = (storage: Storage): Route[] => [
  route({
    method: 'GET',
    path: routes.usage(),
    permission: 'account.read',
    summary: 'What runs and saved playgrounds take on disk, alone and together, and the quota',
    answer: usageSchema,
    handle: ({ user }) => storage.usage(user),
  }),
]
