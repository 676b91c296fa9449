import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlayMachine } from '@ramet/model/api/wire.ts'
import type { PlanTab as PlayTab } from '@ramet/model/plan/tabs.ts'
import { freeNumber, machineTabs, otherTabs } from './terminal-tabs.ts'

const machine = (name: string, hostAddress?: string) => ({ name, ...(hostAddress ? { hostAddress } : {}) }) as PlayMachine
const machines = [machine('one', '10.0.0.5'), machine('two')]
const tab = (kind: PlayTab['kind'], machine: string, more: Partial<PlayTab> = {}): PlayTab => ({
  id: `${kind}-${machine}`,
  kind,
  machine,
  ...more,
})

test('tabs stand in the order and with the names that the run lists, one terminal a machine', () => {
  const tabs = [
    tab('terminal', 'two', { name: 'Second' }),
    tab('http-port', 'one'),
    tab('terminal', 'one'),
    tab('terminal', 'one', { name: 'again' }),
  ]
  assert.deepEqual(machineTabs({ tabs }), [
    { machine: 'two', label: 'Second' },
    { machine: 'one', label: 'one' },
  ])
})

test('tabs that cannot be shown say so, and where to look instead', () => {
  const tabs = [
    tab('terminal', 'one'),
    tab('http-port', 'one', { name: 'Grafana', number: 3000 }),
    tab('http-port', 'two', { name: 'Off', number: 80 }),
    tab('ide', 'one'),
    tab('web-page', 'one', { name: 'Docs', url: 'https://www.kernel.org/doc/' }),
    tab('web-page', 'one', { name: 'Odd', url: '/somewhere' }),
  ]
  const shown = otherTabs({ tabs, machines })
  assert.deepEqual(
    shown.map(({ label, url }) => [label, url]),
    [
      ['Grafana', 'http://10.0.0.5:3000/'],
      ['Off', undefined],
      ['IDE of one', undefined],
      ['Docs', 'https://www.kernel.org/doc/'],
      ['Odd', undefined],
    ],
  )
  for (const { says } of shown) assert.match(says, /does not show tabs of the kind \S+ yet/)
  assert.match(shown[1]?.says ?? '', /port 80 of two/)
})

test('a closed session’s number is used again', () => assert.equal(freeNumber([1, 3]), 2))
