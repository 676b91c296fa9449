import type { FastifyInstance } from 'fastify'
import type { Gate } from '../access/gate.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import type { Handovers } from '../ports/handovers.ts'
import type { Services } from '../services.ts'
import { addJournals } from './journal.ts'
import { addLiveStatus } from './live-status.ts'
import { addMetrics } from './metrics.ts'
import type { OpenStreams } from './open-streams.ts'
import type { Route } from './route.ts'
import { accountRoutes } from './routes/account.ts'
import { actionRoutes } from './routes/actions.ts'
import { allRunRoutes } from './routes/all-runs.ts'
import { auditRoutes } from './routes/audit.ts'
import { authRoutes } from './routes/auth.ts'
import { copyRoutes } from './routes/copies.ts'
import { eventRoutes } from './routes/events.ts'
import { groupRoutes } from './routes/groups.ts'
import { healthRoutes } from './routes/health.ts'
import { hostRoutes } from './routes/host.ts'
import { imageRoutes } from './routes/images.ts'
import { lineageRoutes } from './routes/lineage.ts'
import { logIn } from './routes/log-in.ts'
import { oauthRoutes } from './routes/oauth.ts'
import { playgroundRoutes } from './routes/playgrounds.ts'
import { playRoutes } from './routes/plays.ts'
import { portRoutes } from './routes/ports.ts'
import { searchRoutes } from './routes/search.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { sshRoutes } from './routes/ssh.ts'
import { usageRoutes } from './routes/usage.ts'
import { userRoutes } from './routes/users.ts'
import type { IsSecure } from './secure-requests.ts'
import { addTunnels } from './tunnel-routes.ts'
import type { WebSockets } from './web-sockets.ts'

export interface ApiParts {
  readonly app: FastifyInstance
  readonly services: Services
  readonly gate: Gate
  readonly streams: OpenStreams
  readonly sockets: WebSockets
  readonly isSecure: IsSecure
  readonly counts: OpenCounts
  readonly handovers: Handovers
  readonly portsDomain: string
}

/** All routes of the API. */
export function apiRoutes({
  app,
  services,
  gate,
  streams,
  sockets,
  isSecure,
  counts,
  handovers,
  portsDomain,
}: ApiParts): Route[] {
  // Whatever way is tried, failures wait together.
  const enter = logIn(gate, isSecure)
  return [
    ...healthRoutes(services.host),
    ...auditRoutes(services.audit),
    ...allRunRoutes(services.allRuns),
    ...authRoutes(services.auth, services.accounts, gate, enter),
    ...signInRoutes({ ...services, gate, isSecure, logIn: enter }),
    ...sessionRoutes(services.accounts, gate, isSecure),
    ...userRoutes(services.users, gate),
    ...groupRoutes(services.groups),
    ...oauthRoutes(services.agents, gate, isSecure),
    ...accountRoutes(services.accounts, services.auth, gate, isSecure),
    ...searchRoutes(services.playgrounds),
    ...playgroundRoutes(services.playgrounds),
    ...playRoutes(services.runs),
    ...actionRoutes(services.runs),
    ...copyRoutes(services.copies, counts),
    ...lineageRoutes(services.lineages),
    ...usageRoutes(services.storage),
    ...addLiveStatus({ services, gate, sockets, counts, isSecure }),
    ...addJournals({ services, gate, sockets, counts, isSecure, log: app.log }),
    ...addTunnels({ services, gate, sockets, counts, isSecure, log: app.log }),
    ...portRoutes({ services, gate, handovers, isSecure, domain: portsDomain }),
    ...imageRoutes(services.images),
    ...eventRoutes({ events: services.events, streams, gate, counts }),
    ...hostRoutes(services.host),
    ...sshRoutes(services.sshKeys, services.host, services.auth, gate),
    ...addMetrics(app, services.runs),
  ]
}
