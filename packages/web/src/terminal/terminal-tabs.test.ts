import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlanTab as PlayTab } from '@ramet/model/plan/tabs.ts'
import { freeNumber, machineTabs, otherTabs } from './terminal-tabs.ts'

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

test('a tab of a port says where it opens; one that cannot be shown says so, and where to look instead', () => {
  const tabs = [
    tab('terminal', 'one'),
    tab('http-port', 'one', { name: 'Grafana', number: 3000 }),
    tab('http-port', 'two', { name: 'Off', number: 80 }),
    tab('ide', 'one'),
    tab('web-page', 'one', { name: 'Docs', url: 'https://www.kernel.org/doc/' }),
    tab('web-page', 'one', { name: 'Odd', url: '/somewhere' }),
  ]
  const shown = otherTabs({ tabs })
  assert.deepEqual(
    shown.map(({ label, url, port }) => [label, url ?? port?.number]),
    [
      ['Grafana', 3000],
      ['Off', 80],
      ['IDE of one', undefined],
      ['Docs', 'https://www.kernel.org/doc/'],
      ['Odd', undefined],
    ],
  )
  assert.match(shown[1]?.says ?? '', /Port 80 of two opens .* for you alone/)
  for (const { says } of shown.slice(2)) assert.match(says, /does not show tabs of the kind \S+ yet/)
})

test('a closed session’s number is used again', () => assert.equal(freeNumber([1, 3]), 2))
