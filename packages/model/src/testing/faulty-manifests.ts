import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestProblems, parseManifest } from '../manifest/parse-manifest.ts'
import { bases, images } from './bases.ts'
import { positionIn } from './manifest-text.ts'

interface Faulty {
  /** What is wrong, as the beginning of a sentence. */
  readonly says: string
  readonly text: string
  readonly code: string
  /** The problem is at the first place where this stands. */
  readonly at: string
  readonly hint?: RegExp
}

/** A test for each: it has this one fault, told at its place. */
export function areRefused(manifests: readonly Faulty[]): void {
  for (const { says, text, code, at, hint } of manifests) {
    test(`${says} is refused as ${code} at its place`, () => {
      const problems = manifestProblems(text, 'm.yaml', { images, bases })
      const found = problems.find((problem) => problem.code === code)
      assert.ok(found, JSON.stringify(problems))
      assert.equal(found.where, positionIn(text, at), JSON.stringify(found))
      assert.equal(problems.length, 1, JSON.stringify(problems, undefined, 1))
      if (hint) assert.match(found.hint ?? '', hint)
    })
  }
}

/** A test for each: it is taken, with this one warning. */
export function areWarnedOf(manifests: readonly Faulty[]): void {
  for (const { says, text, code, at, hint } of manifests) {
    test(`${says} is warned of as ${code} at its place, and refused when it was asked to be strict`, () => {
      const { warnings } = parseManifest(text, 'm.yaml', { images, bases })
      assert.deepEqual(
        warnings.map((warning) => [warning.code, warning.where, warning.severity]),
        [[code, positionIn(text, at), 'warning']],
      )
      if (hint) assert.match(warnings[0]?.hint ?? '', hint)
      assert.throws(() => parseManifest(text, 'm.yaml', { images, bases, strict: true }), { code })
    })
  }
}
