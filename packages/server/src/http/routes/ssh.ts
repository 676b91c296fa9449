import { routes } from '@ramet/model/api/routes.ts'
import { addSshKeySchema, sshGatewaySchema, sshKeySchema } from '@ramet/model/api/ssh.ts'
import { z } from 'zod'
import type { HostReport, SshKeys } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const sshRoutes = (keys: SshKeys, host: Pick<HostReport, 'sshGateway'>): Route[] => [
  route({
    method: 'GET',
    path: routes.sshGateway(),
    permission: 'account.read',
    summary: 'Port and host key by which plain ssh reaches machines',
    answer: sshGatewaySchema,
    handle: async () => host.sshGateway(),
  }),
  route({
    method: 'GET',
    path: routes.sshKeys(),
    permission: 'account.read',
    summary: 'Public keys by which plain ssh lets the user into his machines',
    answer: z.array(sshKeySchema),
    handle: ({ user }) => keys.list(user),
  }),
  route({
    method: 'POST',
    path: routes.sshKeys(),
    permission: 'account.keys',
    summary: 'Adds a public key: a line as in authorized_keys',
    body: addSshKeySchema,
    answer: sshKeySchema,
    handle: ({ user, body }) => keys.add(user, body),
  }),
  route({
    method: 'DELETE',
    path: routes.sshKey(':id'),
    permission: 'account.keys',
    params: ['id'],
    summary: 'Removes a public key; what it opened is closed at its next session',
    answer: z.object({}),
    async handle({ user, params }) {
      await keys.remove(user, params.id)
      return {}
    },
  }),
]
