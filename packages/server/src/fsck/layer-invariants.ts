import { isAbsolute, normalize } from 'node:path'
import type { Finding } from '@ramet/model/api/host.ts'
import type { LayerRow } from '../store/schema.ts'
import type { FileSight, Sight } from './look.ts'

/** Invariants of layers and of everything that refers to them. */
export function layerFindings({ rows, files }: Sight): Finding[] {
  const layers = new Map(rows.layers.map((layer) => [layer.id, layer]))
  return [
    ...rows.layers.flatMap((layer) => [...fileFindings(layer, files), ...parentFindings(layer, layers)]),
    ...rows.images.flatMap(({ name, layer_id }) => holdFindings(`image ${name}`, layer_id, layers)),
    ...rows.playground_drives.flatMap((drive) =>
      holdFindings(`playground ${drive.playground_id} ${drive.machine}[${drive.drive_index}]`, drive.layer_id, layers),
    ),
    ...rows.snapshot_drives.flatMap((drive) =>
      holdFindings(`snapshot ${drive.snapshot_id} ${drive.machine}[${drive.drive_index}]`, drive.layer_id, layers),
    ),
    ...rows.drives.flatMap((drive) => {
      const subject = `drive ${drive.run_id} ${drive.machine}[${drive.drive_index}]`
      if (drive.layer_id === null) return []
      const below = layers.get(drive.layer_id)
      const cut: Finding[] =
        below && drive.size_bytes < below.size_bytes
          ? [
              {
                code: 'drive_cut_off',
                subject,
                message: `It has ${drive.size_bytes} bytes, its layer ${below.id} has ${below.size_bytes}.`,
              },
            ]
          : []
      return [...holdFindings(subject, drive.layer_id, layers), ...cut]
    }),
    ...leaks(rows.layers, files),
  ]
}

function fileFindings(layer: LayerRow, files: Sight['files']): Finding[] {
  const subject = `layer ${layer.id}`
  if (isAbsolute(layer.file) || normalize(layer.file).startsWith('..') || !layer.file.endsWith('.qcow2')) {
    return [{ code: 'layer_file_name', subject, message: `Its file ${layer.file} is not a .qcow2 file below the home.` }]
  }
  if (layer.state === 'building') return []
  const file = files.get(layer.file)
  if (file?.kind !== 'file') return [{ code: 'layer_file_missing', subject, message: `Its file ${layer.file} is not there.` }]
  if ((file.mode & 0o022) !== 0) {
    return [{ code: 'layer_writable', subject, message: `${layer.file} is sealed, but others than its owner may write it.` }]
  }
  if (process.getuid?.() === 0 && file.uid !== 0) {
    return [
      { code: 'layer_writable', subject, message: `${layer.file} is sealed, but belongs to user ${file.uid} instead of root.` },
    ]
  }
  if ((file.mode & 0o040) === 0) return [{ code: 'layer_unreadable', subject, message: `VMs may not read ${layer.file}.` }]
  return changes(layer, file)
}

/** What a filesystem takes for a file's own map may change with nothing written: ext4 dropped an extent block of a layer after its seal (seen once, 4 KiB). */
const metadataBytes = 64 * 1024

/** A sealed file is unchanged: its length, time of last write and bytes on disk are those recorded. */
function changes(layer: LayerRow, file: FileSight): Finding[] {
  const subject = `layer ${layer.id}`
  const isAsSealed =
    (layer.length_bytes === null || layer.length_bytes === file.sizeBytes) &&
    (layer.modified_at === null || layer.modified_at === file.modifiedAt)
  if (!isAsSealed) return [{ code: 'layer_changed', subject, message: `${layer.file} was written to after it was sealed.` }]
  if (Math.abs(layer.bytes - file.bytes) <= metadataBytes) return []
  const message = `${layer.file} takes ${file.bytes} bytes on the disk, ${layer.bytes} are written down.`
  return [{ code: 'layer_bytes', subject, message }]
}

function parentFindings(layer: LayerRow, layers: ReadonlyMap<string, LayerRow>): Finding[] {
  const subject = `layer ${layer.id}`
  const seen = new Set([layer.id])
  if (layer.parent_id === null) return []
  const parent = layers.get(layer.parent_id)
  if (!parent) return [{ code: 'layer_parent_missing', subject, message: `Its parent ${layer.parent_id} does not exist.` }]
  if (parent.state !== 'sealed')
    return [{ code: 'layer_on_building', subject, message: `Its parent ${parent.id} is not sealed.` }]
  for (let next: LayerRow | undefined = parent; next; next = layers.get(next.parent_id ?? '')) {
    if (next.id === layer.id) return [{ code: 'layer_cycle', subject, message: 'It stands on itself.' }]
    // A ring further down is reported for the layers in it.
    if (seen.has(next.id)) return []
    seen.add(next.id)
  }
  return []
}

function holdFindings(subject: string, layerId: string, layers: ReadonlyMap<string, LayerRow>): Finding[] {
  const layer = layers.get(layerId)
  if (!layer) return [{ code: 'held_layer_missing', subject, message: `Its layer ${layerId} does not exist.` }]
  if (layer.state === 'sealed') return []
  return [{ code: 'held_layer_not_sealed', subject, message: `Its layer ${layerId} is still being built.` }]
}

function leaks(layers: readonly LayerRow[], files: Sight['files']): Finding[] {
  const building = layers.filter(({ state }) => state === 'building').map(({ file }) => file)
  const known = new Set(layers.map(({ file }) => file))
  return [...files.keys()].flatMap((file): Finding[] => {
    if (!file.startsWith('layers/') || known.has(file)) return []
    // An unfinished layer has a temporary name that begins with its final one.
    if (building.some((name) => file.startsWith(`${name}.`))) return []
    return [{ code: 'layer_file_leaked', subject: file, message: 'No layer accounts for this file.' }]
  })
}
