import type { PlayAction } from '../api/wire.ts'

/** Everything that the audit log tells of, as `subject.verb`. */
export const auditActions = [
  'sign-in',
  'sign-out',
  'sign-out.all',
  'password.set',
  'login-link.make',
  'token.make',
  'token.end',
  'program.admit',
  'agent.admit',
  'agent.refuse',
  'identity.connect',
  'identity.remove',
  'passkey.add',
  'passkey.change',
  'passkey.remove',
  'key.add',
  'key.remove',
  'user.add',
  'user.change',
  'user.remove',
  'user.invite',
  'group.add',
  'group.remove',
  'group.invite',
  'group.close',
  'group.join',
  'group.fill',
  'group.limit',
  'group.leave',
  'playground.create',
  'playground.update',
  'playground.change',
  'playground.share',
  'playground.remove',
  'playground.transfer',
  'run.start',
  'run.stop',
  'run.restart',
  'run.destroy',
  'run.change',
  'run.clone',
  'run.save',
  'port.publish',
  'port.remove',
  'forward.save',
  'forward.remove',
  'machine.change',
  'machine.terminal',
  'machine.command',
  'machine.console',
  'machine.journal',
  'ssh.session',
  'ssh.forward',
  'tunnel.open',
  'image.add',
  'image.build',
  'image.remove',
] as const
export type AuditAction = (typeof auditActions)[number]

/** What is not told of, and why. */
interface Untold {
  readonly not: string
}
/** Told of by what its body says; by nothing when it was refused unread. */
interface ByBody {
  of(body: unknown): AuditAction
}
export type Audited = AuditAction | Untold | ByBody

const not = (why: string): Untold => ({ not: why })

/** What each action on a run is told as; `undefined`: it reads. */
export const auditedActions = {
  stop: 'run.stop',
  restart: 'run.restart',
  destroy: 'run.destroy',
  make_persistent: 'run.change',
  set_max_play_time: 'run.change',
  set_title: 'run.change',
  'task.retry': 'machine.change',
  'machine.stop': 'machine.change',
  'machine.restart': 'machine.change',
  'machine.reboot': 'machine.change',
  'machine.console.list': 'machine.console',
  'machine.console.read': 'machine.console',
} as const satisfies Record<PlayAction['action'], AuditAction>

const actionOf = (body: unknown): AuditAction => {
  const action = (body as { readonly action?: unknown } | null | undefined)?.action
  return typeof action === 'string' && Object.hasOwn(auditedActions, action)
    ? auditedActions[action as keyof typeof auditedActions]
    : 'run.change'
}

/**
 * The one table of what the audit log tells of: every route that changes something or signs somebody in, every websocket, and every tool of agents. A test fails when one is missing. What only reads is not told of.
 */
export const auditedRoutes: Readonly<Record<string, Audited>> = {
  'POST /api/auth/login': 'sign-in',
  'POST /api/auth/links': 'login-link.make',
  'POST /api/auth/signin-url': 'login-link.make',
  'POST /api/auth/logout': 'sign-out',
  'DELETE /api/auth/sessions': 'sign-out.all',
  'PATCH /api/account/preferences': not('It changes nothing here.'),
  'PUT /api/account/password': 'password.set',
  'POST /api/auth/providers/{provider}': not('The sign-in is told of when the browser comes back.'),
  'GET /auth/oidc/callback': 'sign-in',
  'GET /auth/github/callback': 'sign-in',
  'POST /api/account/identities': not('It is told of when the browser comes back.'),
  'DELETE /api/account/identities/{id}': 'identity.remove',
  'POST /api/auth/passkeys/options': not('It opens nothing.'),
  'POST /api/auth/passkeys': 'sign-in',
  'POST /api/account/passkeys/options': not('It opens nothing.'),
  'POST /api/account/passkeys': 'passkey.add',
  'PATCH /api/account/passkeys/{id}': 'passkey.change',
  'DELETE /api/account/passkeys/{id}': 'passkey.remove',
  'POST /api/users': 'user.add',
  'PATCH /api/users/{name}': 'user.change',
  'DELETE /api/users/{name}': 'user.remove',
  'POST /api/users/{name}/invitations': 'user.invite',
  'POST /api/groups': 'group.add',
  'PATCH /api/groups/{name}': 'group.limit',
  'DELETE /api/groups/{name}': 'group.remove',
  'POST /api/groups/{name}/invitations': 'group.invite',
  'DELETE /api/groups/{name}/invitations': 'group.close',
  'POST /api/group-memberships': 'group.join',
  'POST /api/groups/{name}/members': 'group.fill',
  'DELETE /api/groups/{name}/members/{user}': 'group.leave',
  'POST /api/playgrounds/{name}/transfer': 'playground.transfer',
  'DELETE /api/playgrounds/{name}/transfer': 'playground.transfer',
  'POST /api/playgrounds/{name}/offer': 'playground.transfer',
  'POST /api/oauth/tokens': 'token.make',
  'POST /api/sessions': not('It opens nothing until somebody lets it in.'),
  'DELETE /api/sessions/{id}': 'token.end',
  'POST /api/sessions/{id}/approval': 'program.admit',
  'POST /oauth/register': not('Nothing is kept of it.'),
  'POST /oauth/approvals/{ticket}': 'agent.admit',
  'POST /oauth/approvals/{ticket}/refusal': 'agent.refuse',
  'POST /oauth/token': not('The agent was let in before, and that is told of.'),
  'POST /oauth/revoke': not('An agent ends its own login.'),
  'POST /api/playgrounds': 'playground.create',
  'PUT /api/playgrounds/{name}': 'playground.update',
  'PATCH /api/playgrounds/{name}': {
    of: (body) =>
      ['accessControl', 'coAuthors'].some((key) => typeof body === 'object' && body !== null && key in body)
        ? 'playground.share'
        : 'playground.change',
  },
  'DELETE /api/playgrounds/{name}': 'playground.remove',
  'POST /api/manifests/check': not('It reads.'),
  'POST /api/plays': 'run.start',
  'DELETE /api/plays/{id}': 'run.destroy',
  'POST /api/plays/{id}/actions': { of: actionOf },
  'POST /api/runs/{id}/stop': 'run.stop',
  'POST /api/plays/{id}/clones': 'run.clone',
  'POST /api/plays/{id}/saves': 'run.save',
  'POST /api/plays/{id}/conns': not('It watches the state of a run.'),
  'POST /api/plays/{id}/journals': 'machine.journal',
  'POST /api/plays/{id}/tunnels': 'tunnel.open',
  'POST /api/plays/{id}/ports': 'port.publish',
  'POST /api/plays/{id}/ports/scan': not('It reads.'),
  'DELETE /api/plays/{id}/ports/{port}': 'port.remove',
  'POST /api/plays/{id}/shells': 'port.publish',
  'DELETE /api/plays/{id}/shells/{shell}': 'port.remove',
  'POST /api/plays/{id}/port-forwards': 'forward.save',
  'DELETE /api/plays/{id}/port-forwards/{index}': 'forward.remove',
  'POST /api/port-logins': not('An owner looks at a port of his own.'),
  'POST /api/ssh/keys': 'key.add',
  'DELETE /api/ssh/keys/{id}': 'key.remove',
  'POST /api/image-folders': 'image.add',
  'POST /api/images/{name}/build': 'image.build',
  'DELETE /api/images/{name}': 'image.remove',
}

export const auditedSockets: Readonly<Record<string, AuditAction | Untold>> = {
  '/api/plays/{id}/machines/{machine}/terminals/{session}': 'machine.terminal',
  '/api/plays/{id}/machines/{machine}/exec': 'machine.command',
  '/api/plays/{id}/machines/{machine}/console': 'machine.console',
  '/api/conns/{ticket}': not('It watches the state of a run.'),
  '/api/journals/{ticket}': not('The request for its URL is told of.'),
  '/api/tunnels/{ticket}/tunnels/{address}': not('The request for its URL is told of.'),
}

/** Tools of agents (server, mcp/tools). */
export const auditedTools: Readonly<Record<string, AuditAction | Untold>> = {
  list_playgrounds: not('It reads.'),
  get_playground_manifest: not('It reads.'),
  list_rootfs_sources: not('It reads.'),
  remove_playground: 'playground.remove',
  list_plays: not('It reads.'),
  get_play: not('It reads.'),
  get_play_tasks: not('It reads.'),
  wait_for_play: not('It reads.'),
  start_play: 'run.start',
  stop_play: 'run.stop',
  restart_play: 'run.restart',
  set_play_title: 'run.change',
  save_play_as_playground: 'run.save',
  destroy_play: 'run.destroy',
  clone_play: 'run.clone',
  run_shell_command: 'machine.command',
  compare_plays: 'machine.command',
  branch_play: 'run.clone',
  read_file: 'machine.command',
  write_file: 'machine.command',
}

/** The same of these within some minutes is one entry: they come by the hundred. */
export const oftenTold: ReadonlySet<AuditAction> = new Set<AuditAction>([
  'machine.terminal',
  'machine.command',
  'machine.console',
  'machine.journal',
  'ssh.session',
  'ssh.forward',
  'tunnel.open',
])

export const isUntold = (audited: Audited): audited is Untold => typeof audited === 'object' && 'not' in audited
