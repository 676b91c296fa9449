import { routes } from '@ramet/model/api/routes.ts'
import {
  changeUserSchema,
  createdUserSchema,
  createUserSchema,
  invitationSchema,
  removeUserSchema,
  setPasswordSchema,
  userSchema,
} from '@ramet/model/api/users.ts'
import { z } from 'zod'
import { credentialsOf } from '../../access/credentials.ts'
import type { Gate } from '../../access/gate.ts'
import type { Users } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const userRoutes = (users: Users, gate: Pick<Gate, 'cookieName'>): Route[] => [
  route({
    method: 'GET',
    path: routes.users(),
    permission: 'user.list',
    summary: 'Who there is on this server; for admins',
    answer: z.array(userSchema),
    handle: () => users.list(),
  }),
  route({
    method: 'POST',
    path: routes.users(),
    permission: 'user.change',
    summary: 'Makes a user, who comes in by the invitation that is told once',
    body: createUserSchema,
    answer: createdUserSchema,
    handle: ({ user, body }) => users.create(user, body),
  }),
  route({
    method: 'PATCH',
    path: routes.user(':name'),
    permission: 'user.change',
    params: ['name'],
    summary: 'Changes the role of a user, or closes and opens the account; runs and playgrounds stay',
    body: changeUserSchema,
    answer: userSchema,
    handle: ({ user, params, body }) => users.change(user, params.name, body),
  }),
  route({
    method: 'DELETE',
    path: routes.user(':name'),
    permission: 'user.change',
    params: ['name'],
    summary:
      'Removes a user; `destroy` and `transferTo` say what becomes of his runs, playgrounds and groups, without which one who has some is refused',
    query: removeUserSchema,
    answer: z.object({}),
    async handle({ user, params, query }) {
      await users.remove(user, params.name, { destroy: query.destroy === 'true', transferTo: query.transferTo })
      return {}
    },
  }),
  route({
    method: 'POST',
    path: routes.invitations(':name'),
    permission: 'user.change',
    params: ['name'],
    summary: 'Makes a link that lets a user in once, within seven days; an earlier one ends',
    answer: invitationSchema,
    handle: ({ user, params }) => users.invite(user, params.name),
  }),
  route({
    method: 'PUT',
    path: routes.password(),
    permission: 'account.password',
    summary: 'Sets the password of the user who asks; other browsers are logged out',
    body: setPasswordSchema,
    answer: z.object({}),
    async handle({ user, body, request }) {
      await users.setPassword(user, credentialsOf(request.headers, gate.cookieName)?.token ?? '', body)
      return {}
    },
  }),
]
