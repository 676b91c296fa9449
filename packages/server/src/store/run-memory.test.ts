import assert from 'node:assert/strict'
import { test } from 'node:test'
import { awake, memoryColumns, type RunMemory, readMemory, unmapped, withoutResume } from './run-memory.ts'

const all: readonly RunMemory[] = [
  { kind: 'none' },
  { kind: 'kept', snapshotId: 's', isBorrowed: false, stillMapped: null },
  { kind: 'kept', snapshotId: 's', isBorrowed: true, stillMapped: null },
  { kind: 'kept', snapshotId: 's', isBorrowed: false, stillMapped: 'older' },
  { kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: true },
  { kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: false },
  { kind: 'mapped', snapshotId: 's' },
  { kind: 'borrowed-drives', stillMapped: null },
  { kind: 'borrowed-drives', stillMapped: 's' },
]

test('each kind of memory is read from its columns as it was written', () => {
  for (const memory of all) assert.deepEqual(readMemory({ epoch: null, ...memoryColumns(memory) }), memory)
})

test('a run that is off has nothing mapped, and one that borrowed has still what is to be returned', () => {
  for (const memory of all) assert.equal(memoryColumns(unmapped(memory)).maps_snapshot, null)
  assert.equal(unmapped({ kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: true }).kind, 'borrowed-drives')
  assert.equal(unmapped({ kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: false }).kind, 'none')
})

test('a run that is to boot resumes nothing, and never boots from borrowed drives', () => {
  for (const memory of all) {
    const after = withoutResume(memory)
    assert.notEqual(after.kind, 'kept')
    assert.notEqual(after.kind, 'resuming')
    if ('isBorrowed' in memory && memory.isBorrowed) assert.equal(after.kind, 'borrowed-drives')
  }
})

test('once all guests know that they were resumed, the memory is mapped and no more', () => {
  const resuming: RunMemory = { kind: 'resuming', snapshotId: 's', epoch: 'e', isBorrowed: false }
  assert.deepEqual(awake(resuming), { kind: 'mapped', snapshotId: 's' })
})
