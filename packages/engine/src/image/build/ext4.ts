import { runBuild } from './build-process.ts'

export interface Ext4Options {
  /** Becomes the filesystem's root, owners, capabilities and all. */
  readonly from: string
  readonly file: string
  /** Where in the file it begins, which is there then. Default: the file is new, and nothing but the filesystem. */
  readonly offsetBytes?: number
  readonly sizeBytes: number
  readonly label: string
  /** 0: none, for a filesystem that is only ever mounted read-only. */
  readonly journalMiB: number
  /** With this the same content gives the same bytes. */
  readonly uuid?: string
  /** Bytes of the filesystem for each inode; it keeps that as it grows. Default: mke2fs' own. */
  readonly bytesPerInode?: number
  /** Its root belongs to whom the folder belongs; default: to root. */
  readonly keepsRootOwner?: boolean
  readonly signal?: AbortSignal | undefined
}

/** A raw, sparse ext4 filesystem in a file, made from a folder without mounting anything (mke2fs(8), -d). */
export async function makeExt4(options: Ext4Options): Promise<void> {
  const { signal } = options
  const extended = [
    // Room in the descriptors for growing while mounted.
    ...(options.journalMiB > 0 ? [`resize=${growableBlocks}`] : []),
    // The file is new, so its holes are zeros: journal and inode tables are not written, and no guest does it later, into its own drive (mke2fs 1.47).
    'assume_storage_prezeroed=1',
    ...(options.keepsRootOwner ? [] : ['root_owner=0:0']),
    ...(options.uuid ? [`hash_seed=${options.uuid}`] : []),
    ...(options.offsetBytes === undefined ? [] : [`offset=${options.offsetBytes}`]),
  ]
  const journal =
    options.journalMiB > 0 ? ['-J', `size=${options.journalMiB}`] : ['-O', '^has_journal,^resize_inode', '-m', '0', '-i', '32768']
  const uuid = options.uuid ? ['-U', options.uuid] : []
  const inodes = options.bytesPerInode === undefined ? [] : ['-i', `${options.bytesPerInode}`]
  await runBuild(
    // biome-ignore format: one option with its value a column
    ['mke2fs', '-q', '-F', '-t', 'ext4', '-b', `${blockBytes}`, '-L', options.label, ...uuid, ...journal, ...inodes, '-E', extended.join(','), '-d', options.from, options.file, `${Math.ceil(options.sizeBytes / 1024)}k`],
    { signal, ...(options.uuid ? { env: { E2FSPROGS_FAKE_TIME: '1' } } : {}) },
  )
}

const blockBytes = 4096
/** One TiB. */
const growableBlocks = 2 ** 40 / blockBytes
