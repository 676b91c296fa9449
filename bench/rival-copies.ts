import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { run } from '@ramet/engine'
import { testFolder } from '../scripts/testing/test-folders.ts'

/** One disk as somebody without Ramet would have it, and how long another one of it takes. */
export interface RivalDisk {
  /** A standalone qcow2 file. */
  readonly qcow2: string
  /** The same as a raw sparse file on XFS, which copies by reference. */
  readonly raw: string
}

export interface Rival {
  readonly name: string
  readonly note: string
  /** Milliseconds for one copy, which is removed again outside of them. */
  copy(disk: RivalDisk): Promise<number>
}

/** Holds whatever the rivals' copies need; on the filesystem of the homes. */
export class RivalYard implements AsyncDisposable {
  readonly folder: string
  readonly xfs: string

  private constructor(folder: string) {
    this.folder = folder
    this.xfs = join(folder, 'xfs')
  }

  static async open(): Promise<RivalYard> {
    const yard = new RivalYard(testFolder('rivals'))
    const image = join(yard.folder, 'xfs.img')
    await mkdir(yard.xfs)
    await run(['truncate', '-s', '64G', image])
    await run(['mkfs.xfs', '-q', '-m', 'reflink=1', image])
    await run(['mount', '-o', 'loop', image, yard.xfs])
    return yard
  }

  /** `image` as a disk of `sizeBytes`; `write` is then given each of its two forms to age. */
  async disk(
    image: string,
    sizeBytes: number,
    name: string,
    write: (file: string, format: string) => Promise<void>,
  ): Promise<RivalDisk> {
    const qcow2 = join(this.folder, `${name}.qcow2`)
    const raw = join(this.xfs, `${name}.raw`)
    await run(['qemu-img', 'convert', '-O', 'qcow2', image, qcow2], { timeoutMs: 600_000 })
    await run(['qemu-img', 'resize', '-q', '-f', 'qcow2', qcow2, String(sizeBytes)])
    await run(['qemu-img', 'convert', '-O', 'raw', qcow2, raw], { timeoutMs: 600_000 })
    // One that has been copied before, as a template has: what is written then goes to new extents.
    await run(['cp', '--reflink=always', raw, `${raw}.template`])
    await write(qcow2, 'qcow2')
    await write(raw, 'raw')
    await run(['sync'])
    return { qcow2, raw }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run(['umount', this.xfs], { okCodes: [0, 32] })
    await rm(this.folder, { recursive: true, force: true })
  }
}

async function timed(argv: readonly [string, ...string[]], made: string): Promise<number> {
  const began = performance.now()
  await run(argv, { timeoutMs: 600_000 })
  const took = performance.now() - began
  await rm(made)
  await run(['sync'])
  return took
}

export const rivals: readonly Rival[] = [
  {
    name: 'cp --sparse',
    note: 'cp --sparse=always of the qcow2 file',
    copy: ({ qcow2 }) => timed(['cp', '--sparse=always', qcow2, `${qcow2}.cp`], `${qcow2}.cp`),
  },
  {
    name: 'qemu-img convert',
    note: 'qemu-img convert -W -m 16, qcow2 to qcow2',
    copy: ({ qcow2 }) =>
      timed(['qemu-img', 'convert', '-W', '-m', '16', '-f', 'qcow2', '-O', 'qcow2', qcow2, `${qcow2}.conv`], `${qcow2}.conv`),
  },
  {
    name: 'XFS reflink',
    note: 'cp --reflink=always of the raw file on XFS in a loop file',
    copy: ({ raw }) => timed(['cp', '--reflink=always', raw, `${raw}.copy`], `${raw}.copy`),
  },
  {
    name: 'virt-clone',
    note: "virt-clone on libvirt's test driver, which needs no daemon; its --reflink does what the XFS figure shows, and only in pools of a daemon",
    async copy({ qcow2 }) {
      const node = `${qcow2}.xml`
      await writeFile(node, testNode(qcow2))
      const made = `${qcow2}.virt`
      const names = ['--original', 'original', '--name', 'copy', '--file', made]
      return timed(['virt-clone', '--connect', `test://${node}`, ...names, '--quiet'], made)
    },
  },
]

/** A domain that is shut off (state 5), as virt-clone wants it (libvirt, "Test driver"). */
const testNode = (disk: string) => `<node>
  <domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
    <test:runstate>5</test:runstate>
    <name>original</name><memory>262144</memory><vcpu>1</vcpu><os><type>hvm</type></os>
    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk></devices>
  </domain>
</node>
`
