import { auditEntrySchema, auditQuerySchema } from '@ramet/model/api/audit.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { z } from 'zod'
import type { Audit } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const auditRoutes = (audit: Audit): Route[] => [
  route({
    method: 'GET',
    path: routes.audit(),
    permission: 'audit.read',
    summary:
      'Who did what, from where, when, with what outcome; newest first. Admins see everybody’s, others their own and what was done to what is theirs',
    query: auditQuerySchema,
    answer: z.array(auditEntrySchema),
    handle: ({ user, query }) => audit.list(user, query),
  }),
]
