import { changedAllowances, describeChange } from '@ramet/model/access/allowances.ts'
import { can } from '@ramet/model/access/can.ts'
import { defaultLimits, type Limits, limitReached } from '@ramet/model/access/limits.ts'
import type { Group } from '@ramet/model/api/groups.ts'
import { closedGroupLink, groupOwnerStays } from '@ramet/model/errors/account-errors.ts'
import { nameTaken, notFound } from '@ramet/model/errors/errors.ts'
import type { Groups, User } from '../services.ts'
import { readAllowances, setGroupAllowances } from '../store/allowances.ts'
import { type Db, transaction } from '../store/database.ts'
import {
  countGroups,
  deleteGroup,
  deleteGroupLinks,
  deleteMember,
  findGroup,
  findLinkedGroup,
  groupsOf,
  insertGroup,
  insertGroupLink,
  insertMember,
  type ListedGroup,
  listGroups,
  useGroupLink,
} from '../store/groups.ts'
import type { GroupRow } from '../store/schema.ts'
import { findUser, noted } from '../store/users.ts'
import { type GroupPermission, permitGroup, subjectOfGroup } from './permit.ts'
import { newToken, sha256 } from './token-hash.ts'

/** Links of one group that are open. One more ends that which ends first. */
const mostLinks = 20

/** Classes and teams. Who is in one is asked where it matters (`membership.ts`), so whoever is taken out has lost it at once. */
export function groupService(db: Db, limits: Limits = defaultLimits): Groups {
  async function permitted(trx: Db, user: User, permission: GroupPermission, name: string): Promise<GroupRow> {
    const seer = { ...user, groups: await groupsOf(trx, user.id) }
    return permitGroup(seer, permission, await findGroup(trx, name), name)
  }

  async function one(user: User, { id }: GroupRow): Promise<Group> {
    const [row] = await listGroups(db, { id })
    return wireGroup(user, row as ListedGroup)
  }

  return {
    async list(user) {
      const rows = await listGroups(db, user.isAdmin === true ? {} : { of: user.id })
      return rows.map((row) => wireGroup(user, row))
    },

    async create(user, { name }) {
      const row = await transaction(db, async (trx) => {
        if (await findGroup(trx, name)) throw nameTaken('group', name)
        if ((await countGroups(trx, user.id)) >= limits.groups) throw limitReached('groups', limits)
        await noted(user, trx, { subject: name })
        return insertGroup(trx, name, user.id)
      })
      return one(user, row)
    },

    get: async (user, name) => one(user, await permitted(db, user, 'group.read', name)),

    remove: (user, name) =>
      transaction(db, async (trx) => {
        await deleteGroup(trx, (await permitted(trx, user, 'group.change', name)).id)
        await noted(user, trx, { subject: name })
      }),

    async change(user, name, { allowances }) {
      const row = await transaction(db, async (trx) => {
        const group = await permitted(trx, user, 'group.limit', name)
        await setGroupAllowances(trx, group.id, changedAllowances(readAllowances(group.allowances), allowances))
        await noted(user, trx, { subject: name, detail: describeChange(allowances) })
        return group
      })
      return one(user, row)
    },

    async invite(user, name, { limit = 1, days = 7 }) {
      const token = newToken()
      const expiresAt = new Date(Date.now() + days * 24 * 3600_000).toISOString()
      await transaction(db, async (trx) => {
        const { id } = await permitted(trx, user, 'group.change', name)
        const link = { hash: sha256(token), group_id: id, made_by: user.id, uses_left: limit, expires_at: expiresAt }
        await insertGroupLink(trx, link, mostLinks)
        await noted(user, trx, { subject: name, detail: `for ${limit}` })
      })
      return { token, left: limit, expiresAt }
    },

    closeLinks: (user, name) =>
      transaction(db, async (trx) => {
        await deleteGroupLinks(trx, (await permitted(trx, user, 'group.change', name)).id)
        await noted(user, trx, { subject: name })
      }),

    async join(user, token) {
      const row = await transaction(db, async (trx) => {
        const hash = sha256(token)
        const found = await findLinkedGroup(trx, hash)
        if (!found) throw closedGroupLink()
        if ((await groupsOf(trx, user.id)).includes(found.id)) return found
        await useGroupLink(trx, hash)
        await insertMember(trx, found.id, user.id)
        await noted(user, trx, { subject: found.name, aboutId: found.owner_id })
        return found
      })
      return one(user, row)
    },

    async addMembers(user, name, names) {
      const row = await transaction(db, async (trx) => {
        const group = await permitted(trx, user, 'group.fill', name)
        for (const each of names) {
          const member = await findUser(trx, each)
          if (!member) throw notFound('user', each, 'See who there is with: ramet user ls')
          await insertMember(trx, group.id, member.id)
        }
        await noted(user, trx, { subject: name, detail: names.join(' ') })
        return group
      })
      return one(user, row)
    },

    removeMember: (user, name, memberName) =>
      transaction(db, async (trx) => {
        const group = await permitted(trx, user, memberName === user.name ? 'group.leave' : 'group.change', name)
        const member = await findUser(trx, memberName)
        if (member?.id === group.owner_id) throw groupOwnerStays(name, memberName)
        if (!member || !(await deleteMember(trx, group.id, member.id)))
          throw notFound('member', memberName, `See who is in it with: ramet group show ${name}`)
        await noted(user, trx, { subject: name, detail: memberName, aboutId: member.id })
      }),
  }
}

/** Who is in it, and how people may come in, is told to whoever may change it. */
function wireGroup(user: User, row: ListedGroup): Group {
  const mayChange = can(user, 'group.change', subjectOfGroup(row))
  return {
    id: row.id,
    name: row.name,
    ownerName: row.owner_name,
    createdAt: row.created_at,
    memberCount: row.members.length,
    isMember: row.members.some(({ id }) => id === user.id),
    ...(mayChange ? { allowances: readAllowances(row.allowances) } : {}),
    ...(mayChange ? { members: row.members.map(({ name, joined_at }) => ({ name, joinedAt: joined_at })) } : {}),
    ...(mayChange ? { links: row.links.map(({ uses_left, expires_at }) => ({ left: uses_left, expiresAt: expires_at })) } : {}),
  }
}
