/**
 * 16 bytes that both have, wherever they are in the second; undefined: none. The kernel's random generator makes blocks of 64 bytes: what two of its streams have
 * in common is longer than 31 bytes, and so holds 16 that begin at a multiple of 16 in the first.
 */
export function commonBlock(one: Buffer, two: Buffer): string | undefined {
  const blocks = new Set<string>()
  for (let at = 0; at + 16 <= one.length; at += 16) blocks.add(one.toString('latin1', at, at + 16))
  for (let at = 0; at + 16 <= two.length; at += 1) {
    const block = two.toString('latin1', at, at + 16)
    if (blocks.has(block)) return Buffer.from(block, 'latin1').toString('hex')
  }
  return undefined
}
