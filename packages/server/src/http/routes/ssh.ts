import { routes } from '@ramet/model/api/routes.ts'
import { addSshKeySchema, sshGatewaySchema, sshKeySchema } from '@ramet/model/api/ssh.ts'
import { loginTooOld } from '@ramet/model/errors/errors.ts'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import type { Auth, HostReport, SshKeys } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const sshRoutes = (
  keys: SshKeys,
  host: Pick<HostReport, 'sshGateway'>,
  auth: Pick<Auth, 'isFresh'>,
  gate: Pick<Gate, 'cookieName'>,
): Route[] => [
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
    summary:
      'Adds a public key: a line as in authorized_keys. In a session within ten minutes of its login, since a key outlives it',
    body: addSshKeySchema,
    answer: sshKeySchema,
    async handle({ user, body, request }) {
      const token = credentialsOf(request.headers, gate.cookieName)?.token ?? ''
      if (!(await auth.isFresh(token))) throw loginTooOld()
      return keys.add(user, body)
    },
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
