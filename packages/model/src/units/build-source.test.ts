import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildName, isBuildSource, parseBuildSource, printBuild } from './build-source.ts'
import { canonicalSource, isImageReference } from './image-reference.ts'

const digest = 'a'.repeat(64)

test('a source is a folder as its author writes it, or content that was sent', () => {
  assert.deepEqual(parseBuildSource('build:./web'), { folder: './web' })
  assert.deepEqual(parseBuildSource(`build:web@sha256:${digest}`), { name: 'web', digest })
  assert.equal(printBuild({ name: 'web', digest }), `build:web@sha256:${digest}`)
  for (const wrong of ['build:', 'build:web@sha256:1', 'build:a\nb', `build:Web@sha256:${digest}`])
    assert.ok('wrong' in parseBuildSource(wrong), wrong)
})

test('it is no reference to a registry, and stays as it is written', () => {
  for (const source of ['build:./web', `build:web@sha256:${digest}`, 'build:web']) {
    assert.ok(isBuildSource(source))
    assert.equal(isImageReference(source), false)
    assert.equal(canonicalSource(source), source)
  }
})

test('a folder gives its name to its image, as far as names of images go', () => {
  for (const [folder, name] of [
    ['/home/me/Web App', 'web-app'],
    ['./web/', 'web'],
    ['..', 'folder'],
    ['/', 'folder'],
    ['__', 'folder'],
    ['x'.repeat(100), 'x'.repeat(62)],
  ] as const)
    assert.equal(buildName(folder), name)
})
