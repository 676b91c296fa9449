import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runStates, type WantedState } from '@ramet/model/run/run-state.ts'
import type { RunMemory } from '../store/run-memory.ts'
import { workflowDown, workflowUp } from './choose-workflow.ts'
import { decide } from './decide.ts'

const kept: RunMemory = { kind: 'kept', snapshotId: 's', isBorrowed: false, stillMapped: null }
const resuming: RunMemory = { kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: false }
const failure = { code: 'x', message: 'y' }

test('what is wanted and not reached is worked on, and what is reached rests; a run that is on is watched', () => {
  const reached: Record<WantedState, readonly string[]> = {
    RUNNING: [],
    STOPPED: ['STOPPED', 'FAILED'],
    DESTROYED: ['DESTROYED'],
  }
  const work = { RUNNING: 'start', STOPPED: 'stop', DESTROYED: 'destroy' } as const
  for (const wanted of ['RUNNING', 'STOPPED', 'DESTROYED'] as const) {
    for (const state of runStates) {
      const expected =
        wanted === 'RUNNING' && state === 'RUNNING' ? 'watch' : reached[wanted].includes(state) ? 'rest' : work[wanted]
      assert.equal(decide(wanted, state), expected, `${wanted} ${state}`)
    }
  }
})

test('a run with kept memory is resumed, also when a server was killed amid it, and boots otherwise', () => {
  assert.equal(workflowUp({ memory: kept }).workflow, 'resume')
  assert.equal(workflowUp({ memory: resuming }).workflow, 'resume')
  for (const memory of [
    { kind: 'none' },
    { kind: 'mapped', snapshotId: 's' },
    { kind: 'borrowed-drives', stillMapped: null },
  ] as const)
    assert.equal(workflowUp({ memory }).workflow, 'start')
})

test('a stop keeps memory where the host can and nobody asked for a shutdown; a failure releases', () => {
  const down = (memory: RunMemory, shutsDown: boolean, canKeep: boolean, failed = false) =>
    workflowDown({ memory, shutsDown, failure: failed ? failure : undefined }, canKeep).workflow
  assert.equal(down({ kind: 'none' }, false, true), 'keep-memory')
  assert.equal(down({ kind: 'none' }, true, true), 'stop')
  assert.equal(down({ kind: 'none' }, false, false), 'stop')
  assert.equal(down(kept, true, false), 'keep-memory')
  assert.equal(down(kept, false, true, true), 'release')
})
