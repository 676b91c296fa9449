import { changedAllowances, describeChange } from '@ramet/model/access/allowances.ts'
import type { ChangeUser, CreateUser, Invitation, SetPassword, UserAccount } from '@ramet/model/api/users.ts'
import { freshLoginNeeded, lastAdmin, wrongCurrentPassword } from '@ramet/model/errors/account-errors.ts'
import { nameTaken, notAuthenticated, notFound } from '@ramet/model/errors/errors.ts'
import type { User, Users } from '../services.ts'
import { readAllowances, setUserAllowances } from '../store/allowances.ts'
import { type Db, now, transaction } from '../store/database.ts'
import { insertInvitation, removeInvitationsOf } from '../store/invitations.ts'
import type { UserRow } from '../store/schema.ts'
import type { TokenStore } from '../store/tokens.ts'
import {
  findUser,
  findUserById,
  hasOtherAdmin,
  insertUser,
  type ListedUser,
  listUsers,
  noted,
  updateUser,
  userOf,
} from '../store/users.ts'
import type { TokenAuth } from './auth.ts'
import { hashPassword, isPassword } from './passwords.ts'
import { removeUser } from './remove-user.ts'
import { newToken, sha256 } from './token-hash.ts'

/** Long enough for somebody who is away for the week. */
const invitationDays = 7

/** Who there is on this server. Routes ask whether the asking user may manage them. */
export function userService(
  db: Db,
  tokens: Pick<TokenStore, 'removeSessionsOf'>,
  auth: Pick<TokenAuth, 'find' | 'isFresh' | 'closeSessionsOf'>,
): Users {
  async function one(id: string): Promise<UserAccount> {
    const [row] = await listUsers(db, id)
    return wireUser(row as ListedUser)
  }

  async function named(trx: Db, name: string): Promise<UserRow> {
    const row = await findUser(trx, name)
    if (!row) throw notFound('user', name, 'See who there is with: ramet user ls')
    return row
  }

  async function invite(userId: string, trx: Db = db): Promise<Invitation> {
    const token = newToken()
    const expiresAt = new Date(Date.now() + invitationDays * 24 * 3600_000)
    await insertInvitation(trx, { hash: sha256(token), userId, expiresAt })
    return { token, expiresAt: expiresAt.toISOString() }
  }

  return {
    list: async () => (await listUsers(db)).map(wireUser),

    async create(by, { name, role = 'member' }: CreateUser) {
      const { id } = await transaction(db, async (trx) => {
        if (await findUser(trx, name)) throw nameTaken('user', name)
        const row = await insertUser(trx, name, role)
        await noted(by, trx, { subject: name, detail: role, aboutId: row.id })
        return row
      })
      return { ...(await one(id)), invitation: await invite(id) }
    },

    invite: (by, name) =>
      transaction(db, async (trx) => {
        const { id } = await named(trx, name)
        await noted(by, trx, { subject: name, aboutId: id })
        return invite(id, trx)
      }),

    async change(by, name, { role, disabled, allowances }: ChangeUser) {
      const row = await transaction(db, async (trx) => {
        const row = await named(trx, name)
        if (row.role === 'admin' && (role === 'member' || disabled === true) && !(await hasOtherAdmin(trx, row.id)))
          throw lastAdmin(name)
        await updateUser(trx, row.id, {
          ...(role === undefined ? {} : { role }),
          ...(disabled === undefined ? {} : { disabled_at: disabled ? (row.disabled_at ?? now()) : null }),
        })
        if (allowances) await setUserAllowances(trx, row.id, changedAllowances(readAllowances(row.allowances), allowances))
        if (disabled === true) await removeInvitationsOf(trx, row.id)
        const changes = [
          role,
          disabled === undefined ? undefined : disabled ? 'disabled' : 'enabled',
          allowances && describeChange(allowances),
        ]
        await noted(by, trx, { subject: name, detail: changes.filter(Boolean).join(', '), aboutId: row.id })
        return row
      })
      // Keys come back with the account; a browser, and what it let in, signs in again.
      if (disabled === true) await auth.closeSessionsOf(userOf(row))
      return one(row.id)
    },

    remove: (by, name, asked) => removeUser(db, by, name, asked),

    async setPassword(user: User, byToken: string, { current, password }: SetPassword) {
      const by = await auth.find(byToken)
      if (!by) throw notAuthenticated()
      const kept = (await findUserById(db, user.id))?.password ?? undefined
      // A stolen session must not become a password.
      if (kept === undefined && !(await auth.isFresh(byToken))) throw freshLoginNeeded()
      if (kept !== undefined && !(await isPassword(current ?? '', kept))) throw wrongCurrentPassword()
      const hash = await hashPassword(password)
      await transaction(db, async (trx) => {
        await updateUser(trx, user.id, { password: hash })
        await noted(user, trx)
      })
      await tokens.removeSessionsOf(user.id, by.id)
    },
  }
}

const wireUser = (row: ListedUser): UserAccount => ({
  id: row.id,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
  ...(row.disabled_at === null ? {} : { disabledAt: row.disabled_at }),
  hasPassword: row.password !== null,
  ...(row.invited_until === null ? {} : { invitedUntil: row.invited_until }),
  runs: row.runs,
  playgrounds: row.playgrounds,
  allowances: readAllowances(row.allowances),
})
