import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RametError } from '@ramet/model/errors/error.ts'
import { kernelPackage } from '../recipes/kernel-pack.ts'
import { downloadPercent, parsePackage } from './apt.ts'
import { parseMirrors, sourceLines } from './debian-mirror.ts'

const line = (...fields: string[]) => fields.join('|')

test("the mirror is the host's own, of archive and security apart, in either order", () => {
  const targets = [
    line('Packages', 'main', 'https://other.example/node/', 'nodistro', 'Somebody'),
    line('Packages', 'main', 'http://mirror.example/security/', 'bookworm-security', 'Debian'),
    line('Packages', 'contrib', 'http://mirror.example/nonfree/', 'bookworm', 'Debian'),
    line('Packages', 'main', 'http://mirror.example/debian/', 'bookworm-updates', 'Debian'),
    line('Packages', 'main', 'http://mirror.example/debian/', 'bookworm', 'Debian'),
  ]
  assert.deepEqual(parseMirrors(targets.join('\n')), {
    archive: 'http://mirror.example/debian/',
    security: 'http://mirror.example/security/',
  })
})

test('a host that never ran apt-get update knows no origins, yet has a mirror', () => {
  const mirror = parseMirrors(line('Packages', 'main', 'http://mirror.example/debian/', 'stable', '$(ORIGIN)'))
  assert.deepEqual(mirror, { archive: 'http://mirror.example/debian/', security: undefined })
})

test('a host of another distribution is told what is missing', () => {
  const targets = line('Packages', 'main', 'http://other.example/ubuntu/', 'noble', 'Ubuntu')
  assert.throws(
    () => parseMirrors(targets),
    (error) => error instanceof RametError && error.code === 'no_debian_mirror',
  )
})

test('sources are signed, with updates, and with security where the host has it', () => {
  const lines = sourceLines({ archive: 'http://m.example/debian/', security: undefined }, 'trixie')
  assert.equal(lines.length, 2)
  for (const each of lines)
    assert.match(each, /^deb \[signed-by=\/usr\/share\/keyrings\/\S+\] http:\/\/m\.example\/debian\/ trixie(-updates)? main$/)
  assert.equal(sourceLines({ archive: 'http://m.example/d', security: 'http://m.example/s' }, 'bookworm').length, 3)
})

test('the newest kernel is what the meta package depends on', () => {
  const control =
    'Package: linux-image-cloud-amd64\nVersion: 6.1.192-2\nDepends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)\n'
  const { depends, version } = parsePackage('linux-image-cloud-amd64', control)
  assert.deepEqual([kernelPackage(depends), version], ['linux-image-6.1.0-56-cloud-amd64', '6.1.192-2'])
  assert.throws(() => kernelPackage('something-else'), /newest kernel/)
})

test("apt's status lines become percentages, other lines do not", () => {
  assert.equal(downloadPercent('dlstatus:1:23.5:Retrieving file 1 of 3'), 24)
  assert.equal(downloadPercent('W: something'), undefined)
})
