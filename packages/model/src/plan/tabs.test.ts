import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestSpecSchema } from '../manifest/manifest.ts'
import { makeRunPlan } from './make-run-plan.ts'
import { runPlanSchema } from './run-plan.ts'
import { resolveTabs, tabsOfRun } from './tabs.ts'

const specOf = (value: object) => manifestSpecSchema.parse(value)
const machines = [{ name: 'a' }, { name: 'b' }, { name: 'closed', noSSH: true }]

test('tabs of every kind are kept in the plan as the manifest has them', () => {
  const tabs = [
    { kind: 'http-port', machine: 'b', name: 'Grafana', number: 3000, tls: true, pathRewrite: '/g' },
    { kind: 'ide', machine: 'a' },
    { kind: 'web-page', name: 'Docs', url: 'https://www.kernel.org/doc/' },
    { machine: 'b', id: 'own' },
  ] as const
  const plan = runPlanSchema.parse(JSON.parse(JSON.stringify(makeRunPlan(specOf({ machines, tabs })))))
  assert.deepEqual(plan.tabs, [
    { ...tabs[0], id: 'http-port-b' },
    { ...tabs[1], id: 'ide-a' },
    { ...tabs[2], machine: 'a', id: 'web-page-a' },
    { kind: 'terminal', machine: 'b', id: 'own' },
  ])
})

test('without tabs each machine that lets people in has a terminal', () => {
  assert.deepEqual(
    resolveTabs([], machines).map(({ id }) => id),
    ['terminal-a', 'terminal-b'],
  )
})

test('a machine that lets nobody in has no terminal even if one is listed', () => {
  const { tabs } = specOf({ machines, tabs: [{ machine: 'closed' }, { machine: 'closed', kind: 'ide' }] })
  assert.deepEqual(
    resolveTabs(tabs, machines).map(({ kind }) => kind),
    ['ide'],
  )
})

test('two tabs of one kind on one machine are told apart', () => {
  const { tabs } = specOf({ machines, tabs: [{ machine: 'a' }, { machine: 'a' }, { machine: 'b', id: 'terminal-a-2' }] })
  assert.deepEqual(
    resolveTabs(tabs, machines).map(({ id }) => id),
    ['terminal-a', 'terminal-a-3', 'terminal-a-2'],
  )
})

test('a run whose plan is older than tabs has those of its playground, on machines that it has', () => {
  const spec = JSON.stringify(
    specOf({ machines: [{ name: 'a' }, { name: 'z' }], tabs: [{ machine: 'z' }, { machine: 'a', name: 'One' }] }),
  )
  const { tabs: _, ...old } = makeRunPlan(specOf({ machines }))
  assert.deepEqual(tabsOfRun(old, spec), [{ kind: 'terminal', machine: 'a', name: 'One', id: 'terminal-a' }])
  assert.deepEqual(
    tabsOfRun(old, undefined).map(({ id }) => id),
    ['terminal-a', 'terminal-b'],
  )
})
