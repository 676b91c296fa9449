/** Big-endian, as in our own frames and everywhere in SSH (RFC 4251, section 5). */
export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
