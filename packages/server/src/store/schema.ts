import type { MachineState, RunState, WantedState } from '@ramet/model/run-state.ts'
import type { Generated, Insertable, Selectable } from 'kysely'

/**
 * Tables of the store, as migrations leave them. No SQLite-only types: ids and times are text (RFC 3339, UTC), booleans 0/1, documents JSON text.
 * Ownership, which `fsck` checks: drives, playground drives, snapshot drives and child layers hold layers; runs (`resume_from`) and warm starts
 * hold snapshots; a sealed layer is never written again. Nothing else owns bytes.
 */
export interface Database {
  installation: InstallationTable
  users: UserTable
  tokens: TokenTable
  images: ImageTable
  layers: LayerTable
  playgrounds: PlaygroundTable
  playground_drives: PlaygroundDriveTable
  runs: RunTable
  run_machines: RunMachineTable
  drives: DriveTable
  state_events: StateEventTable
  snapshots: SnapshotTable
  snapshot_machines: SnapshotMachineTable
  snapshot_drives: SnapshotDriveTable
}

/** One row. `id` is 4 hex digits and part of the name of every host object of this home. `next_short_id` only grows. */
export interface InstallationTable {
  id: string
  created_at: string
  next_short_id: number
}

export interface UserTable {
  id: string
  name: string
  created_at: string
}

/** Only the SHA-256 of a token is kept. kind: `cli` (API token), `session` (a browser's cookie). */
export interface TokenTable {
  id: string
  user_id: string
  kind: 'cli' | 'session'
  name: string
  hash: string
  created_at: string
  expires_at: string | null
}

/** Which layer the next run made on an image gets. Older layers of the image live on as long as something holds them. */
export interface ImageTable {
  name: string
  layer_id: string
  /** Hash of the recipe it was built from. */
  recipe: string
  built_at: string
}

/**
 * `file` is relative to RAMET_HOME, ends in .qcow2. `bytes`: on disk when it was sealed (st_blocks x 512). `size_bytes`: virtual. `length_bytes` and `modified_at`:
 * of the file when it was sealed (st_size; st_mtime in nanoseconds), by which `fsck` sees that somebody wrote to it; null: sealed before they were kept.
 */
export interface LayerTable {
  id: string
  parent_id: string | null
  state: 'building' | 'sealed'
  file: string
  size_bytes: number
  bytes: number
  length_bytes: Generated<number | null>
  modified_at: Generated<string | null>
  created_at: string
}

/**
 * `owner_id` null: official catalogue. `spec`: JSON of the manifest's inner part. Removed ones keep their row while runs or lineage name them.
 * `base`: the name of what it was made from, `base_id` that playground (null: official, or its base is not known); `saved_from`: the run it was saved from.
 */
export interface PlaygroundTable {
  id: string
  name: string
  owner_id: string | null
  base: string
  base_id: string | null
  saved_from: string | null
  title: string
  description: string
  categories: string
  markdown: string | null
  cover: string | null
  spec: string
  created_at: string
  updated_at: string
  removed_at: string | null
}

/**
 * Drives with content of their own, of a playground that was saved from a run or made from such a one: what its runs' drives stand on.
 * The other drives of its spec begin with their images, or empty.
 */
export interface PlaygroundDriveTable {
  playground_id: string
  machine: string
  drive_index: number
  layer_id: string
}

/**
 * `wanted` is what the owner asked for, `state` what has been reached or is on the way; the reconciler closes the gap.
 * `plan`: JSON of `runs/run-plan.ts`: machines, networks and drives with every default resolved, so that a later change of the playground or of defaults changes no run.
 * `cloned_from`: the run it is a clone of. `keys`: none here; secrets are files. `failure`: JSON {code, message, hint}. `lease`: the /28 held now or last.
 */
export interface RunTable {
  id: string
  short_id: number
  owner_id: string
  playground_id: string
  playground_name: string
  playground_title: string
  cloned_from: string | null
  title: string
  wanted: WantedState
  state: RunState
  plan: string
  failure: string | null
  lease: string | null
  resume_from: string | null
  created_at: string
  updated_at: string
  last_state_at: string
}

/** `conditions`: JSON of wire.ts' conditions. */
export interface RunMachineTable {
  run_id: string
  name: string
  machine_index: number
  state: MachineState
  conditions: string
}

/**
 * `top`: file name of the writable overlay inside the run's folder; null: unmodified, nothing on disk. `layer_id` null: began empty (a raw drive).
 * `next_top`: of an overlay that a running VM may write to already, above `top`: written down before the VM is told, so that a crash in between loses nothing.
 */
export interface DriveTable {
  run_id: string
  machine: string
  drive_index: number
  layer_id: string | null
  top: string | null
  next_top: Generated<string | null>
  size_bytes: number
}

export interface StateEventTable {
  run_id: string
  seq: number
  state: RunState
  at: string
  error: string | null
}

/** Memory and device state of all machines of a run at one instant (issue D acts on these). `stamp`: JSON {cpu, qemu, kernelPack, shape}. */
export interface SnapshotTable {
  id: string
  origin_kind: 'run' | 'playground'
  origin_id: string
  at: string
  stamp: string
}

export interface SnapshotMachineTable {
  snapshot_id: string
  machine: string
  device_state_file: string
  ram_file: string
  ram_bytes: number
}

export interface SnapshotDriveTable {
  snapshot_id: string
  machine: string
  drive_index: number
  layer_id: string
}

export type RunRow = Selectable<RunTable>
export type NewRun = Insertable<RunTable>
export type DriveRow = Selectable<DriveTable>
export type LayerRow = Selectable<LayerTable>
export type PlaygroundRow = Selectable<PlaygroundTable>
export type RunMachineRow = Selectable<RunMachineTable>
export type ImageRow = Selectable<ImageTable>
