import assert from 'node:assert/strict'

/** Reads what `applyLayers` wrote as `native/unpack` does, and fails for anything that an image must not be able to ask of that. Returns how many records there were. */
export function checkRecords(stream: Buffer, mostBytes: number): number {
  let at = 0
  let records = 0
  const take = (length: number): Buffer => {
    assert.ok(at + length <= stream.length, 'a record is cut off')
    at += length
    return stream.subarray(at - length, at)
  }
  const number = (bytes: 2 | 4 | 8) => (bytes === 8 ? Number(take(8).readBigUInt64LE()) : take(bytes).readUIntLE(0, bytes))
  while (at < stream.length) {
    const kind = take(1).toString('latin1')
    records++
    if (kind === 'E') {
      assert.equal(at, stream.length, 'nothing follows the end')
      break
    }
    if (kind === 'n') {
      number(4)
      continue
    }
    assert.match(kind, /^[fdlhpwo]$/, 'no device and no unknown record')
    take(8 + 4 + 4 + 4 + 8)
    assert.ok(number(4) < 1e9, 'nanoseconds')
    const size = number(8)
    const [pathLength, linkLength, attributes] = [number(2), number(2), number(2)]
    checkPath(take(pathLength).toString('latin1'), kind === 'd' || kind === 'o')
    const link = take(linkLength).toString('latin1')
    if (kind === 'h') checkPath(link, false)
    else assert.equal(link === '', kind !== 'l', 'only a link has a target')
    for (let each = 0; each < attributes; each++) {
      const [nameLength, valueLength] = [number(2), number(4)]
      assert.match(take(nameLength).toString('latin1'), /^(user\.|security\.capability$|system\.posix_acl_)/)
      take(valueLength)
    }
    if (kind !== 'f') continue
    assert.ok(size <= mostBytes, 'no file is bigger than an image')
    for (let offset = number(8), length = number(4); length > 0; offset = number(8), length = number(4)) {
      assert.ok(length <= 2 ** 20 && offset + length <= size, 'content lies within its file')
      take(length)
    }
  }
  return records
}

function checkPath(path: string, mayBeRoot: boolean): void {
  if (path === '.' && mayBeRoot) return
  assert.ok(path.length > 0 && path.length <= 4095 && !path.includes('\0') && !path.startsWith('/'), JSON.stringify(path))
  for (const part of path.split('/'))
    assert.ok(part !== '' && part !== '.' && part !== '..' && part.length <= 255, JSON.stringify(path))
}
