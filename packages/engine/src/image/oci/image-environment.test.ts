import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentLines, textsForShells } from './image-environment.ts'

test('an image’s variables become lines of /etc/environment', () => {
  assert.equal(
    environmentLines(['PATH=/go/bin:/bin', 'A=it is "so"', 'EMPTY=']),
    `\nPATH="/go/bin:/bin"\nA='it is "so"'\nEMPTY=""\n`,
  )
  assert.equal(environmentLines([]), '')
})

test('what the file cannot hold, and what is of a container, is left out', () => {
  assert.equal(environmentLines(['A=x\nB=y', 'C=\'"', '1=x', 'no', 'container=docker', 'PWD=/x', 'LD PRELOAD=x', '=x']), '')
  assert.ok(environmentLines(Array.from({ length: 5000 }, (_, at) => `V${at}=${'x'.repeat(100)}`)).length < 33_000)
})

test('shells begin with the environment and the working folder of the image, where it names one', () => {
  assert.deepEqual(textsForShells({ environment: ['A=b'], workingFolder: '/srv/app' }), [
    { path: 'etc/environment', text: '\nA="b"\n' },
    { path: 'var/lib/ramet/working-folder', text: '/srv/app\n' },
  ])
  for (const workingFolder of ['', '/', 'srv', '/a\nb', `/${'x'.repeat(501)}`])
    assert.deepEqual(textsForShells({ environment: [], workingFolder }), [], workingFolder)
})
