import type { Logger } from 'pino'
import { accountService } from '../access/account-service.ts'
import { TokenAuth } from '../access/auth.ts'
import { ensureCliToken } from '../access/cli-token.ts'
import { groupService } from '../access/group-service.ts'
import { userService } from '../access/user-service.ts'
import type { Config } from '../config.ts'
import { openHome } from '../home.ts'
import { bindHome } from '../home-installation.ts'
import { agentLogins } from '../oauth/agent-logins.ts'
import { openPortKey } from '../ports/port-cookie.ts'
import { Reserve } from '../reserve.ts'
import type { Accounts, Agents, Groups, Passkeys, SignIns, Users } from '../services.ts'
import { openProviders } from '../sign-in/open-providers.ts'
import { passkeyService } from '../sign-in/passkey-service.ts'
import { signInService } from '../sign-in/sign-in-service.ts'
import { storeAddress } from '../store/address.ts'
import { type Db, openDatabase } from '../store/database.ts'
import { type Installation, openInstallation } from '../store/installation.ts'
import { takeInvitation } from '../store/invitations.ts'
import { tokenStore } from '../store/tokens.ts'
import { findUser, openOwner, type User, userOf } from '../store/users.ts'

/** The home's rows, and who they belong to. */
export interface OpenStore {
  readonly db: Db
  readonly installation: Installation
  readonly owner: User
  readonly auth: TokenAuth
  readonly accounts: Accounts
  readonly users: Users
  readonly groups: Groups
  readonly agents: Agents
  readonly signIns: SignIns
  readonly passkeys: Passkeys
}

/** Takes the home's lock and opens its store; `opened` closes both. Throws `home_in_use`, `home_too_new` and the like. */
export async function openStore(config: Config, log: Logger, opened: AsyncDisposableStack): Promise<OpenStore> {
  opened.use(await openHome(config.home))
  opened.use(await Reserve.open(config.home, (error) => log.error({ err: error }, 'the reserve of space could not be kept')))
  const store = storeAddress(config.home, config.database)
  const db = await openDatabase({ ...store, onLost: (error) => leaveAtOnce(error, log) })
  opened.defer(() => db.destroy())
  const installation = await openInstallation(db)
  await bindHome(config.home, installation.id, store)
  const owner = await openOwner(db)
  const tokens = tokenStore(db)
  const auth = new TokenAuth(tokens, {
    takeInvitation: (hash) => takeInvitation(db, hash),
    async findByName(name) {
      const row = await findUser(db, name)
      return row?.disabled_at === null ? { user: userOf(row), password: row.password } : undefined
    },
  })
  await ensureCliToken(config.home, auth, owner)
  const agents = agentLogins(tokens, auth, await openPortKey(config.home))
  const accounts = accountService(db, tokens, auth)
  const signIns = signInService(db, auth, await openProviders(config.signIn, log))
  const passkeys = passkeyService(db, auth)
  return {
    db,
    installation,
    owner,
    auth,
    accounts,
    users: userService(db, tokens, auth),
    groups: groupService(db, config.limits),
    agents,
    signIns,
    passkeys,
  }
}

/** Ends this process when another server has taken over its database, so that it writes nothing more there. Killing a server at any moment loses nothing. */
function leaveAtOnce(error: Error, log: Logger): never {
  log.fatal({ err: error }, 'the database was taken over by another server')
  process.exit(1)
}
