import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OverlayName } from '@ramet/engine'
import type { RunState } from '@ramet/model/run/run-state.ts'
import { OverlaySizes } from './overlay-sizes.ts'

const drive = (run_id: string, overlay: string) => ({ run_id, layer_id: null, overlay, next_overlay: null })
const run = (id: string, state: RunState, last_state_at = '1') => ({
  id,
  state,
  last_state_at,
  resume_from: null,
  maps_snapshot: null,
})

/** Each look finds one byte more. */
function counting() {
  const asked: string[][] = []
  const overlayBytes = async (overlays: readonly OverlayName[]) => {
    asked.push(overlays.map(({ overlay }) => overlay))
    return overlays.map(() => asked.length)
  }
  return { asked, sizes: new OverlaySizes({ overlayBytes }) }
}

test('the overlay of a run that is off is measured once, that of one that is on each time', async () => {
  const { asked, sizes } = counting()
  const rows = { runs: [run('off', 'STOPPED'), run('on', 'RUNNING')], drives: [drive('off', 'a'), drive('on', 'b')] }
  await sizes.measure(rows)
  await sizes.measure(rows)
  assert.deepEqual(asked, [['a', 'b'], ['b']])
  assert.deepEqual([sizes.bytesOf('off', 'a'), sizes.bytesOf('on', 'b')], [1, 2])
})

test('a run that was on in between is measured again, and what no row names any more counts as nothing', async () => {
  const { asked, sizes } = counting()
  const drives = [drive('off', 'a')]
  await sizes.measure({ runs: [run('off', 'STOPPED', '1')], drives })
  await sizes.measure({ runs: [run('off', 'RUNNING', '2')], drives })
  await sizes.measure({ runs: [run('off', 'STOPPED', '3')], drives })
  await sizes.measure({ runs: [run('off', 'STOPPED', '3')], drives })
  assert.equal(asked.length, 3)
  await sizes.measure({ runs: [], drives: [] })
  assert.equal(sizes.bytesOf('off', 'a'), 0)
})
