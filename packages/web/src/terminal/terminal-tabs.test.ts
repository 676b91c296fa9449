import assert from 'node:assert/strict'
import test from 'node:test'
import type { PlayMachine } from '@ramet/model/api/wire.ts'
import { freeNumber, machineTabs } from './terminal-tabs.ts'

const machine = (name: string, noSSH = false) => ({ name, noSSH }) as PlayMachine
const machines = [machine('one'), machine('two'), machine('appliance', true)]

test('tabs stand in the order and with the names that the run lists', () => {
  const tabs = [
    { kind: 'terminal', machine: 'two', name: 'Second' },
    { kind: 'http-port', machine: 'one' },
    { kind: 'terminal', machine: 'one' },
    { kind: 'terminal', machine: 'one', name: 'again' },
  ]
  assert.deepEqual(machineTabs({ machines, tabs }), [
    { machine: 'two', label: 'Second' },
    { machine: 'one', label: 'one' },
  ])
})

test('machines without ssh and machines that do not exist have no terminal', () => {
  const tabs = [
    { kind: 'terminal', machine: 'appliance' },
    { kind: 'terminal', machine: 'nobody' },
  ]
  assert.deepEqual(machineTabs({ machines, tabs }), [])
})

test('a run that lists no tabs has a terminal for each machine that can have one', () => {
  assert.deepEqual(
    machineTabs({ machines, tabs: [] }).map(({ machine }) => machine),
    ['one', 'two'],
  )
})

test('a closed session’s number is used again', () => assert.equal(freeNumber([1, 3]), 2))
