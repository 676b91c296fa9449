import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  auditActions,
  auditedActions,
  auditedRoutes,
  auditedSockets,
  auditedTools,
  isUntold,
} from '@ramet/model/access/audited.ts'
import { assembleApp } from '../http/app.ts'
import { tools } from '../mcp/tools.ts'
import { silent } from '../testing/start-for-test.ts'
import { stubServices } from '../testing/stub-services.ts'

const { routes, sockets } = assembleApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1' })
const shown = (path: string) => path.replace(/:(\w+)/g, '{$1}').replace(/\*$/, '{address}')

test('of every route that changes something, every websocket and every tool it is decided whether the audit log tells of it', () => {
  const named = routes.map(({ method, path }) => `${method} ${shown(path)}`)
  const signIns = ['GET /auth/oidc/callback', 'GET /auth/github/callback'].filter((each) => named.includes(each))
  const changing = [...named.filter((each) => !each.startsWith('GET ')), ...signIns]
  assert.deepEqual(Object.keys(auditedRoutes).toSorted(), changing.toSorted())
  assert.deepEqual(Object.keys(auditedSockets).toSorted(), sockets.map(({ path }) => shown(path)).toSorted())
  assert.deepEqual(Object.keys(auditedTools).toSorted(), tools.map(({ name }) => name).toSorted())
})

test('what is not told of has a reason, and each action is told by something', () => {
  const decided = [auditedRoutes, auditedSockets, auditedTools].flatMap((table) => Object.values(table))
  for (const each of decided) if (isUntold(each)) assert.match(each.not, /^[A-Z].*\.$/)
  const byBody = ['playground.change', 'playground.share', ...Object.values(auditedActions)]
  // The gateway for ssh has no routes; a sign-in may connect.
  const used = new Set([
    'identity.connect',
    ...decided.filter((each) => typeof each === 'string'),
    ...byBody,
    'ssh.session',
    'ssh.forward',
  ])
  assert.deepEqual([...used].toSorted(), auditActions.toSorted())
})
