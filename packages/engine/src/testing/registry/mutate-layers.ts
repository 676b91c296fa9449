import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type TestEntry, tar } from './tar-builder.ts'

/** Numbers from a seed, so that a failing case can be run again (mulberry32). */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

type Random = ReturnType<typeof randomFrom>
const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)] as T

// biome-ignore format: lists of short words
const goodNames = ['a', 'a/', 'a/b', 'a/b/', './a//c', '/abs', './', '.wh.a', 'a/.wh.b', 'a/.wh..wh..opq', '.wh..wh.plnk', 'link/x', 'n'.repeat(99), 'ü/é', 'dev/null']
const badNames = ['../up', 'a/../b', '..', '', 'a\0b', '.wh.', '.wh...', 'a/.wh..']
// biome-ignore format: a list of short words
const goodTypes = ['0', '0', '0', '1', '2', '5', '6', '7']
const badTypes = ['3', '4', 'S', 'x', 'g', 'L', 'K', '\0', 'V', 'Z']
const goodPaxes: readonly Readonly<Record<string, string>>[] = [
  { path: `${'p'.repeat(200)}/q` },
  { linkpath: 'l'.repeat(200) },
  { mtime: '-12.75', uid: '3000000' },
  { 'GNU.sparse.map': '0,0', 'GNU.sparse.size': '4096' },
  { 'SCHILY.xattr.user.a': 'x', 'SCHILY.xattr.trusted.overlay.opaque': 'y' },
]
const badPaxes: readonly Readonly<Record<string, string>>[] = [
  { path: '../../etc/passwd' },
  { path: 'p'.repeat(300) },
  { path: 'd/'.repeat(250) },
  { linkpath: '../../../etc' },
  { size: '99999999999999' },
  { size: '5' },
  { size: '-5' },
  { mtime: '1e9' },
  { mtime: '-12.75' },
  { uid: '4294967295' },
  { gid: '99999999999999999' },
  { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '4096', 'GNU.sparse.name': 's' },
  { 'GNU.sparse.map': '0,1,9,9', 'GNU.sparse.size': '3' },
  { 'GNU.sparse.map': '0,512,1024,512', 'GNU.sparse.size': '4096' },
  { 'SCHILY.xattr.user.a': 'x'.repeat(4000) },
  { 'SCHILY.xattr.security.capability': 'x', 'SCHILY.xattr.trusted.overlay.opaque': 'y' },
]

function randomEntry(random: Random, isWild: boolean): TestEntry {
  const some = <T>(good: readonly T[], bad: readonly T[]) => pick(random, isWild && random(3) === 0 ? bad : good)
  const content = Buffer.alloc(pick(random, [0, 0, 1, 511, 512, 513, 2000]), random(256))
  return {
    name: some(goodNames, badNames),
    ...(random(2) === 0 ? { type: some(goodTypes, badTypes) } : {}),
    ...(random(3) === 0 ? { content } : {}),
    ...(random(2) === 0 ? { linkName: some(goodNames, badNames) } : {}),
    ...(random(4) === 0 ? { pax: some(goodPaxes, badPaxes) } : {}),
    ...(isWild && random(6) === 0 ? { size: pick(random, [0, 1, 10_000, 8 ** 11 - 1]) } : {}),
    ...(random(8) === 0 ? { mode: random(2 ** 16), uid: random(2 ** 20), seconds: random(2 ** 32) } : {}),
  }
}

/** A layer that is one in most of its structure, wrong in some of it, and then damaged in some bytes, or not. */
export function mutatedLayer(random: Random): Buffer {
  const isWild = random(2) === 0
  let archive = tar(Array.from({ length: random(8) }, () => randomEntry(random, isWild)))
  const damage = random(9)
  if (damage === 1) archive = archive.subarray(0, random(archive.length + 1))
  if (damage === 2)
    for (let times = 1 + random(4); times > 0 && archive.length > 0; times--) archive[random(archive.length)] = random(256)
  if (damage === 3) archive = Buffer.concat([archive, archive.subarray(random(archive.length + 1))])
  if (damage === 4 && archive.length > 1024) archive.copyWithin(512 * random(2), 512 * random(archive.length >> 9))
  const packing = random(4)
  if (packing > 1) return archive
  const packed = packing === 0 ? gzipSync(archive, { level: 1 }) : zstdCompressSync(archive)
  if (random(5) === 0) return packed.subarray(0, random(packed.length))
  if (random(5) === 0) packed[random(packed.length)] = random(256)
  return packed
}
