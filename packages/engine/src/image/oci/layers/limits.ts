/** How much an image may be. Whatever is more is refused before it costs more than this. */
export interface LayerLimits {
  readonly layers: number
  /** Entries of all layers together. */
  readonly entries: number
  /** All layers unpacked, holes of sparse files counted too. */
  readonly unpackedBytes: number
  /** Of one name; the kernel's own limit less its final zero. */
  readonly pathBytes: number
  /** Of one part of a name (NAME_MAX). */
  readonly nameBytes: number
  /** Folders in folders. */
  readonly depth: number
  /** Extended attributes of one entry: ext4 has one block for them and their names. */
  readonly attributeBytes: number
  /** Headers that describe one entry: long names, pax records. */
  readonly headerBytes: number
}

export const layerLimits: LayerLimits = {
  layers: 200,
  entries: 800_000,
  unpackedBytes: 50 * 1024 ** 3,
  pathBytes: 4095,
  nameBytes: 255,
  depth: 200,
  attributeBytes: 3000,
  headerBytes: 1024 ** 2,
}
