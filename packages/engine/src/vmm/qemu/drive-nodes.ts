import { randomBytes } from 'node:crypto'
import type { VmOverlay } from '../vmm.ts'
import type { QmpClient } from './qmp.ts'

/** PATH_MAX of linux/limits.h. */
const longestPath = 4096

/** The block graph of a running VM. Each file of a drive is a pair of nodes: the format node, and the file node with the same name and `-file` behind it. */
export interface OpenOverlay {
  readonly node: string
  /** The drive's overlay when the overlay was opened. */
  readonly overlay: string
}

/** Opens an overlay without changing the graph of the drive. */
export async function openOverlay(qmp: QmpClient, { driveIndex, file }: VmOverlay): Promise<OpenOverlay> {
  const overlay = (await topNodes(qmp)).get(driveIndex)
  if (overlay === undefined) throw new Error(`the VM has no drive number ${driveIndex}`)
  const node = `d${driveIndex}-${randomBytes(4).toString('hex')}`
  await qmp.execute('blockdev-add', fileNode(`${node}-file`, file))
  const formatNode = { driver: 'qcow2', 'node-name': node, file: `${node}-file`, backing: null, discard: 'unmap' }
  try {
    await qmp.execute('blockdev-add', formatNode)
  } catch (error) {
    await qmp.execute('blockdev-del', { 'node-name': `${node}-file` }).catch(() => {})
    throw error
  }
  return { node, overlay }
}

/** Makes the opened file the drive's overlay: the earlier files are only read from now on. */
export async function putOn(qmp: QmpClient, { node, overlay }: OpenOverlay): Promise<void> {
  await qmp.execute('blockdev-snapshot', { node: overlay, overlay: node })
}

/**
 * Makes QEMU close what it no longer writes to, and open it for reading: after a cut its descriptor of the earlier overlay can still write. Others stand on that file then, so root looks
 * whether it did (`native/writers.c`); a QEMU that does not do as it is told is found out there.
 */
export async function closeSealed(qmp: QmpClient): Promise<void> {
  const tops = new Set([...(await topNodes(qmp)).values()].map((node) => `${node}-file`))
  const nodes = await qmp.execute<NamedNode[]>('query-named-block-nodes', { flat: true })
  const open = nodes.filter((node) => node.drv === 'file' && node.ro === false && !tops.has(node['node-name']))
  for (const { 'node-name': name, file } of open.slice(0, mostNodes))
    await qmp.execute('blockdev-reopen', { options: [{ ...fileNode(name, file), 'read-only': true }] }).catch(() => {})
}

/** More than a VM has drives. What it says of itself may be anything. */
const mostNodes = 64

interface NamedNode {
  readonly 'node-name': string
  readonly drv: string
  readonly ro: boolean
  readonly file: string
}

const fileNode = (node: string, file: string) => ({
  driver: 'file',
  'node-name': node,
  filename: file,
  discard: 'unmap',
  aio: 'threads',
  cache: { direct: false, 'no-flush': false },
})

/** Closes an overlay that no drive uses; one in use stays. */
export async function closeOverlay(qmp: QmpClient, { node }: OpenOverlay): Promise<void> {
  for (const name of [node, `${node}-file`]) await qmp.execute('blockdev-del', { 'node-name': name }).catch(() => {})
}

/** Overlay files of all drives, in order. */
export async function overlayFiles(qmp: QmpClient): Promise<string[]> {
  const overlays = [...(await topNodes(qmp))].sort(([a], [b]) => a - b)
  const nodes = await qmp.execute<NamedNode[]>('query-named-block-nodes', { flat: true })
  return overlays.map(([, overlay]) => {
    const file = nodes.find((node) => node['node-name'] === `${overlay}-file`)?.file
    // What a VM says may be anything. Callers compare it, and it becomes part of a row.
    if (typeof file !== 'string' || file.length > longestPath) throw new Error(`the node ${overlay} has no file`)
    return file
  })
}

/** Finds the topmost format node of each drive, by the drive's number. */
async function topNodes(qmp: QmpClient): Promise<Map<number, string>> {
  const blocks = await qmp.execute<{ qdev?: string; inserted?: { 'node-name'?: string } }[]>('query-block')
  const overlays = new Map<number, string>()
  for (const { qdev, inserted } of blocks) {
    const index = /(?:^|\/)blk(\d+)(?:\/|$)/.exec(qdev ?? '')?.[1]
    if (index !== undefined && inserted?.['node-name'] !== undefined) overlays.set(Number(index), inserted['node-name'])
  }
  return overlays
}
