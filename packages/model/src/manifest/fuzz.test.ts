import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { InvalidInput } from '../errors/error.ts'
import { makeRunPlan } from '../plan/make-run-plan.ts'
import { parseRunPlan } from '../plan/run-plan.ts'
import { bases, images } from '../testing/bases.ts'
import { mutatedManifest, validManifest } from '../testing/manifests.ts'
import { manifestProblems, parseManifest, parsePlaygroundBody } from './parse-manifest.ts'
import { printManifest } from './print-manifest.ts'

/** The proof has 10,000 (tests/manifest-fuzz.proof.test.ts). */
const runs = Number(process.env.RAMET_FUZZ_RUNS ?? 1000)
const options = { images, bases, base: 'flexbox' }

/** Plans it, and prints and reads it again. */
function use(text: string) {
  const read = parseManifest(text, 'm.yaml', options)
  const plan = makeRunPlan(read.spec, { cni: 'flannel' })
  const stored = parseRunPlan(JSON.stringify(plan))
  assert.ok('plan' in stored, JSON.stringify(stored))
  const { kind: _, playground, ...texts } = read.manifest
  const unknownFields = read.unknownFields.map(({ path, value }) => ({ path: [...path], value }))
  // As the API answers with it.
  const shown = { ...playground, ...texts, name: 'a', base: 'flexbox', description: texts.description ?? '', unknownFields }
  const again = parseManifest(printManifest(JSON.parse(JSON.stringify(shown))), 'printed.yaml', options)
  assert.deepEqual(makeRunPlan(again.spec, { cni: 'flannel' }), plan)
  assert.deepEqual(
    again.unknownFields.map(({ path }) => path.join()).toSorted(),
    read.unknownFields.map(({ path }) => path.join()).toSorted(),
  )
}

test('every good manifest is accepted, planned, and the same when it is printed', () => {
  fc.assert(
    fc.property(validManifest, (manifest) => use(stringify(JSON.parse(JSON.stringify(manifest))))),
    { numRuns: runs / 5 },
  )
})

/** The same in the form of the API, where a fault is told by its field; undefined: what is wrong is beside the spec. */
function faultsOfBody(text: string): readonly { readonly where?: string | undefined; readonly message: string }[] {
  const { playground, ...texts } = parse(text) ?? {}
  try {
    parsePlaygroundBody({ ...texts, ...playground }, options)
    return []
  } catch (error) {
    assert.ok(error instanceof InvalidInput, String(error))
    return error.problems
  }
}

test('of manifests with faults each is accepted and planned, or refused with a position for every fault', (t) => {
  let accepted = 0
  fc.assert(
    fc.property(mutatedManifest, (text) => {
      const problems = manifestProblems(text, 'm.yaml', options)
      for (const { where, message } of problems) assert.match(where ?? '', /^m\.yaml:\d+:\d+$/, message)
      if (problems.some(({ severity }) => severity !== 'warning')) {
        for (const { where, message } of faultsOfBody(text)) assert.match(where ?? '', /^[\w-]+/, message)
        return
      }
      accepted += 1
      use(text)
    }),
    { numRuns: runs },
  )
  t.diagnostic(`${accepted} of ${runs} changed manifests are accepted`)
  assert.ok(accepted > runs / 10 && accepted < runs)
})
