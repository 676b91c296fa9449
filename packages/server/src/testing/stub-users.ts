import type { Group } from '@ramet/model/api/groups.ts'
import type { UserAccount } from '@ramet/model/api/users.ts'
import type { Groups, Users } from '../services.ts'

const stubInvitation = { token: 'invitation', expiresAt: '2026-01-08T00:00:00.000Z' }
const stubUser = (name: string): UserAccount => ({
  id: name,
  name,
  role: 'member',
  createdAt: '2026-01-01T00:00:00.000Z',
  hasPassword: false,
  runs: 0,
  playgrounds: 0,
  allowances: {},
})

export const stubUsers: Users = {
  list: async () => [stubUser('alice')],
  create: async (_, { name }) => ({ ...stubUser(name), invitation: stubInvitation }),
  invite: async () => stubInvitation,
  change: async (_, name) => stubUser(name),
  remove: async () => ({ runs: [], playgrounds: [] }),
  setPassword: async () => {},
}

const stubGroup = (name: string): Group => ({
  id: name,
  name,
  ownerName: 'alice',
  createdAt: '2026-01-01T00:00:00.000Z',
  memberCount: 1,
  isMember: true,
})

export const stubGroups: Groups = {
  list: async () => [stubGroup('class')],
  create: async (_user, { name }) => stubGroup(name),
  get: async (_user, name) => stubGroup(name),
  remove: async () => {},
  invite: async () => ({ ...stubInvitation, left: 1 }),
  change: async (_user, name) => stubGroup(name),
  closeLinks: async () => {},
  join: async () => stubGroup('class'),
  addMembers: async (_user, name) => stubGroup(name),
  removeMember: async () => {},
}
