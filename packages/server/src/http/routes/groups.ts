import {
  addMembersSchema,
  changeGroupSchema,
  createGroupSchema,
  groupLinkSchema,
  groupSchema,
  inviteToGroupSchema,
  joinGroupSchema,
} from '@ramet/model/api/groups.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { z } from 'zod'
import type { Groups } from '../../services.ts'
import { type Route, route } from '../route.ts'

export const groupRoutes = (groups: Groups): Route[] => [
  route({
    method: 'GET',
    path: routes.groups(),
    permission: 'group.list',
    summary: 'Groups that the user owns or is in; all of them, for admins',
    answer: z.array(groupSchema),
    handle: ({ user }) => groups.list(user),
  }),
  route({
    method: 'POST',
    path: routes.groups(),
    permission: 'group.create',
    summary: 'Makes a group, whose first member is its owner',
    body: createGroupSchema,
    answer: groupSchema,
    handle: ({ user, body }) => groups.create(user, body),
  }),
  route({
    method: 'GET',
    path: routes.group(':name'),
    permission: 'group.read',
    params: ['name'],
    summary: 'One group; its members and links are told to its owner and to admins',
    answer: groupSchema,
    handle: ({ user, params }) => groups.get(user, params.name),
  }),
  route({
    method: 'PATCH',
    path: routes.group(':name'),
    permission: 'group.limit',
    params: ['name'],
    summary: 'Sets what each member may have who has no limit of his own; for admins',
    body: changeGroupSchema,
    answer: groupSchema,
    handle: ({ user, params, body }) => groups.change(user, params.name, body),
  }),
  route({
    method: 'DELETE',
    path: routes.group(':name'),
    permission: 'group.change',
    params: ['name'],
    summary: 'Removes a group; what was shared with it is shared with it no longer',
    answer: z.object({}),
    async handle({ user, params }) {
      await groups.remove(user, params.name)
      return {}
    },
  }),
  route({
    method: 'POST',
    path: routes.groupInvitations(':name'),
    permission: 'group.change',
    params: ['name'],
    summary: 'Makes a link by which people come into the group: one, or as many as `limit` says',
    body: inviteToGroupSchema,
    answer: groupLinkSchema,
    handle: ({ user, params, body }) => groups.invite(user, params.name, body),
  }),
  route({
    method: 'DELETE',
    path: routes.groupInvitations(':name'),
    permission: 'group.change',
    params: ['name'],
    summary: 'Ends all links into the group',
    answer: z.object({}),
    async handle({ user, params }) {
      await groups.closeLinks(user, params.name)
      return {}
    },
  }),
  route({
    method: 'POST',
    path: routes.groupMemberships(),
    permission: 'group.join',
    summary: 'Joins the group that a link leads into',
    body: joinGroupSchema,
    answer: groupSchema,
    handle: ({ user, body }) => groups.join(user, body.token),
  }),
  route({
    method: 'POST',
    path: routes.groupMembers(':name'),
    permission: 'group.fill',
    params: ['name'],
    summary: 'Puts users into a group; for admins',
    body: addMembersSchema,
    answer: groupSchema,
    handle: ({ user, params, body }) => groups.addMembers(user, params.name, body.names),
  }),
  route({
    method: 'DELETE',
    path: routes.groupMember(':name', ':user'),
    permission: 'group.leave',
    params: ['name', 'user'],
    summary: 'Takes a user out of a group; one’s own name leaves it',
    answer: z.object({}),
    async handle({ user, params }) {
      await groups.removeMember(user, params.name, params.user)
      return {}
    },
  }),
]
