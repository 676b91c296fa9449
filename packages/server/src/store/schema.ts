import type { AuditAction } from '@ramet/model/access/audited.ts'
import type { ProviderId } from '@ramet/model/api/sign-in.ts'
import type { Role } from '@ramet/model/api/users.ts'
import type { TaskKind } from '@ramet/model/plan/task-kind.ts'
import type { AtEnd } from '@ramet/model/run/lifetime.ts'
import type { MachineState, RunState, WantedMachineState, WantedState } from '@ramet/model/run/run-state.ts'
import type { TaskStatus } from '@ramet/model/run/task-state.ts'
import type { Generated, Insertable, Selectable } from 'kysely'

/**
 * Tables of the store, as migrations leave them. No SQLite-only types: ids and times are text (RFC 3339, UTC), booleans 0/1, documents JSON text.
 * Ownership, which `fsck` checks: drives, playground drives, snapshot drives and child layers hold layers; runs (`resume_from`,
 * `maps_snapshot`) and warm starts hold snapshots; a sealed layer is never written again. Nothing else owns bytes.
 */
export interface Database {
  installation: InstallationTable
  users: UserTable
  invitations: InvitationTable
  groups: GroupTable
  group_members: GroupMemberTable
  group_links: GroupLinkTable
  consents: ConsentTable
  recent_starts: RecentStartTable
  tokens: TokenTable
  ssh_keys: SshKeyTable
  images: ImageTable
  layers: LayerTable
  playgrounds: PlaygroundTable
  playground_drives: PlaygroundDriveTable
  runs: RunTable
  run_machines: RunMachineTable
  run_tasks: TaskTable
  playground_tasks: SavedTaskTable
  drives: DriveTable
  state_events: StateEventTable
  snapshots: SnapshotTable
  snapshot_machines: SnapshotMachineTable
  snapshot_drives: SnapshotDriveTable
  warm_starts: WarmStartTable
  published_ports: PublishedPortTable
  saved_forwards: SavedForwardTable
  audit: AuditTable
  identities: IdentityTable
  passkeys: PasskeyTable
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
  /** A preference of clients of the original, which changes nothing here. */
  region: string | null
  role: Generated<Role>
  /** As `access/passwords.ts` writes it; null: the user comes by links and tokens alone. */
  password: string | null
  /** Since when nothing of the user's opens anything; null: it does. */
  disabled_at: string | null
  /** A removed user's row stays, since rows of what was his name it. Its name has its id behind it, so that another may have it. */
  removed_at: string | null
  /** JSON of model's Allowances; null: none is set. */
  allowances: string | null
  /** His name on GitHub as of his last sign-in by it, in small letters: `github:NAME` in lists means him. */
  github: string | null
}
export type UserRow = Selectable<UserTable>

/** A link that logs its user in once, until `expires_at`. Only the SHA-256 of its token is kept. */
export interface InvitationTable {
  hash: string
  user_id: string
  expires_at: string
}

/** A class or a team, which lists of access name by its id. */
export interface GroupTable {
  id: string
  name: string
  owner_id: string
  created_at: string
  /** As of a user. */
  allowances: string | null
}
export type GroupRow = Selectable<GroupTable>

/** Its owner is one. */
export interface GroupMemberTable {
  group_id: string
  user_id: string
  joined_at: string
}

/** Lets `uses_left` more people in, until `expires_at`. Only the SHA-256 of its token is kept. */
export interface GroupLinkTable {
  hash: string
  group_id: string
  made_by: string
  uses_left: number
  expires_at: string
}
export type GroupLinkRow = Selectable<GroupLinkTable>

/** Of users whose starts are limited, those of the last minute; older ones go with the next. */
export interface RecentStartTable {
  user_id: string
  at: string
}

/** A user starts what this author wrote as this playground, and is not asked again. */
export interface ConsentTable {
  user_id: string
  playground_id: string
  author_id: string
  at: string
}

/**
 * Only the SHA-256 of a token is kept. kind: `cli` (API token), `session` (a browser's cookie, or a program that was let in from one). `scopes`: JSON of what it is bounded to
 * (model's scopes.ts); null: all that its user may do.
 */
/** With `agent_client` (SHA-256 of its id) it is an agent's: `hash` is good until `fresh_until`, and `refresh_hash` renews it; the one before that is `spent_refresh_hash`. */
export interface TokenTable {
  id: string
  user_id: string
  kind: 'cli' | 'session'
  name: string
  hash: string
  created_at: string
  expires_at: string | null
  scopes: string | null
  agent_client: string | null
  fresh_until: string | null
  refresh_hash: string | null
  spent_refresh_hash: string | null
  logged_in_at: string | null
}
export type TokenRow = Selectable<TokenTable>

/** A port or a shell of a run under a host name of its own, whose first label is `name`. `number` null: it is a shell, of `account` (null: the machine's default user). */
export interface PublishedPortTable {
  id: string
  run_id: string
  name: string
  machine: string
  number: number | null
  account: string | null
  access: 'private' | 'public'
  tls: number
  host_rewrite: string | null
  path_rewrite: string | null
  protocol: Generated<'http' | 'tcp' | 'udp'>
  /** Of tcp and udp alone. */
  host_address: string | null
  host_port: number | null
  created_at: string
}

/** `list`: JSON, in place of the forwards of the run's plan. */
export interface SavedForwardTable {
  run_id: string
  list: string
}

/**
 * One thing that somebody did or tried to; ids are in the order of time. `user_id` null: nobody who is known. `about_id`: another user whom it concerns. `subject`: what it was done to.
 * `outcome`: `ok` or the code of the refusal. Names no row of other tables: what it tells of may be gone.
 */
export interface AuditTable {
  id: string
  at: string
  action: AuditAction
  user_id: string | null
  user_name: string | null
  about_id: string | null
  via: string | null
  address: string | null
  subject: string | null
  detail: string | null
  outcome: string
  times: number
  last_at: string
}
export type AuditRow = Selectable<AuditTable>

/** An account elsewhere by which its user signs in. `issuer` and `subject` say who he is there; `name` is what he was called last. */
export interface IdentityTable {
  id: string
  user_id: string
  provider: ProviderId
  issuer: string
  subject: string
  name: string
  created_at: string
  used_at: string
}
export type IdentityRow = Selectable<IdentityTable>

/** `id`: the credential's, base64url. `rp_id`: the name for which it is good. `public_key`: COSE, base64url. `counter`: of the last answer; many authenticators say 0 always. `transports`: JSON. */
export interface PasskeyTable {
  id: string
  user_id: string
  rp_id: string
  name: string
  public_key: string
  counter: number
  transports: string
  is_backed_up: number
  created_at: string
  used_at: string | null
}
export type PasskeyRow = Selectable<PasskeyTable>

/** Public keys for ssh. The fingerprint stands for the key: nothing else of it is needed. */
export interface SshKeyTable {
  id: string
  user_id: string
  name: string
  type: string
  fingerprint: string
  created_at: string
}
export type PublishedPortRow = Selectable<PublishedPortTable>
export type SshKeyRow = Selectable<SshKeyTable>

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
  /** JSON of model's AccessLists; null: its owner's alone, or, of the platform, everybody's. */
  access: string | null
  /** Id of who wrote it as it is now; null: its owner. */
  written_by: string | null
  /** JSON array of ids of those who write it with its owner; null: nobody. */
  co_authors: string | null
  /** Id of whom its owner offers it to. */
  offered_to: string | null
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
  /** As in `drives`. */
  set_up: Generated<'due' | 'begun' | 'done'>
  grown_bytes: Generated<number>
}

/**
 * `wanted` is what the owner asked for, `state` what has been reached or is on the way; the reconciler closes the gap.
 * `plan`: JSON of `model/plan/run-plan.ts`: machines, networks and drives with every default resolved, so that a later change of the playground or of defaults changes no run.
 * `cloned_from`: the run it is a clone of. `keys`: none here; secrets are files. `failure`: JSON {code, message, hint}. `lease`: the /28 held now or last.
 * `resume_from`: the snapshot that its next start resumes, under drives without overlays; cleared for good before the first CPU of a resumed machine goes on.
 * `maps_snapshot`: the one whose memory files its machines may have mapped. `asleep` 1: they were resumed from it, and not all of them know so far (engine, guest/wake/wake.ts).
 * `power_off` 1: a stop is to shut the guests down instead of keeping their memory.
 * `start_kind`, `start_reason`, `epoch` (UUID): of its last start. `cold_reason`: why the next one boots although memory might have been kept, as a sentence.
 * `purpose` warm-start: a throwaway run of the platform's own, which nobody sees.
 * `max_play_minutes`: how long it may be on at a time; null: without end. `session_at`: since when it is on; `ends_at`: when that is over (kept when it ended so); both null while it is
 * off or has no end. `at_end`: what is done with it then. `start_key`, `start_body`: SHA-256 of the key and of the body of the request that started it, so that a repeated one finds it.
 * `is_borrowed` 1: its drives, and the memory that it resumes, are those of such a run, and so is its guests' identity: nothing in it is its owner's so far.
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
  maps_snapshot: Generated<string | null>
  asleep: Generated<number>
  power_off: Generated<number>
  start_kind: Generated<StartKind | null>
  start_reason: Generated<string | null>
  cold_reason: Generated<string | null>
  epoch: Generated<string | null>
  purpose: Generated<'user' | 'warm-start'>
  is_borrowed: Generated<number>
  max_play_minutes: Generated<number | null>
  at_end: Generated<AtEnd>
  session_at: Generated<string | null>
  ends_at: Generated<string | null>
  start_key: Generated<string | null>
  start_body: Generated<string | null>
  created_at: string
  updated_at: string
  last_state_at: string
}

/**
 * `conditions`: JSON of wire.ts' conditions. `wanted`: of this machine while its run is wanted RUNNING; REBOOTED: running in another boot than
 * `left_boot`, which is written down first.
 */
export interface RunMachineTable {
  run_id: string
  name: string
  machine_index: number
  state: MachineState
  conditions: string
  wanted: Generated<WantedMachineState>
  left_boot: string | null
}

/**
 * `status`: labctl's numbers (model's task-state.ts). `boot`: kernel boot id of the guest that it was begun in, written before it is begun.
 * `exit_code` null: it did not end by itself, `reason` says why. `stdout`, `stderr`: bounded by the guest to 64 KiB each; those of a repeated task are of its last try.
 * `attempt`: 1, and one more with each retry; part of its name in the guest. `checks`: JSON of tasks/checks.ts, what the checks of a repeated task said last.
 */
export interface TaskTable {
  run_id: string
  name: string
  task_index: number
  kind: Generated<TaskKind>
  attempt: Generated<number>
  status: TaskStatus
  version: number
  boot: string | null
  exit_code: number | null
  stdout: string
  stderr: string
  reason: string | null
  checks: Generated<string | null>
  last_run_at: string | null
  duration_ms: number | null
}

/**
 * `overlay`: file name of the writable overlay inside the run's folder; null: unmodified, nothing on disk. `layer_id` null: began empty (a raw drive).
 * `set_up`: of a root drive, the first boot's work on its machine (users, startup files); `begun`: allowed, its end unknown. `grown_bytes`: size that its
 * filesystem was grown to; 0: never. Both go with the content, to clones and saved playgrounds, so that nothing of it is done twice in a lineage.
 * `next_overlay`: of an overlay that a running VM may write to already, above `overlay`: written down before the VM is told, so that a crash in between loses nothing.
 */
export interface DriveTable {
  run_id: string
  machine: string
  drive_index: number
  layer_id: string | null
  overlay: string | null
  next_overlay: Generated<string | null>
  size_bytes: number
  set_up: Generated<'due' | 'begun' | 'done'>
  grown_bytes: Generated<number>
}

/** Tasks of a saved playground that were over when it was saved: its runs, whose drives carry what they did, do not repeat them. */
export interface SavedTaskTable
  extends Pick<TaskTable, 'name' | 'exit_code' | 'stdout' | 'stderr' | 'reason' | 'checks' | 'last_run_at' | 'duration_ms'> {
  playground_id: string
  status: Extract<TaskStatus, 35 | 40>
}

export interface StateEventTable {
  run_id: string
  seq: number
  state: RunState
  at: string
  error: string | null
}

/** How a run came up: booted, resumed with its own memory or its source's, or with that of a playground kept warm. */
export type StartKind = 'cold' | 'warm' | 'resumed'

/**
 * Memory and device state of all machines of a run that were on at one instant. `stamp`: JSON of what a resume needs the same of. `kind`: what it was taken for.
 * `bytes`: on disk when it was taken. `is_durable` 0: its files may be lost with the host's power, so that it is worth nothing after a reboot of the host.
 */
export interface SnapshotTable {
  id: string
  kind: Generated<'stop' | 'clone' | 'warm'>
  origin_kind: 'run' | 'playground'
  origin_id: string
  at: string
  stamp: string
  bytes: Generated<number>
  is_durable: Generated<number>
}

/**
 * Files are relative to RAMET_HOME. `state_digest`: SHA-256 of the device state, hex; checked before every resume. `ram_bytes`: the machine's RAM; `ram_file_bytes`: length of
 * the file that has it, by which a resume sees that it is whole; `ram_digest`: SHA-256 of the plain RAM, null until the background came to it. `ram_form` zstd: not used for long.
 * `is_damaged` 1: the background found another digest later; it is never resumed.
 */
export interface SnapshotMachineTable {
  snapshot_id: string
  machine: string
  device_state_file: string
  state_digest: Generated<string | null>
  ram_file: string
  ram_bytes: number
  ram_form: Generated<'plain' | 'zstd'>
  ram_file_bytes: Generated<number | null>
  ram_digest: Generated<string | null>
  is_damaged: Generated<number>
}

/** The layer that a drive stood on at that instant. A drive that was empty has no row. */
export interface SnapshotDriveTable {
  snapshot_id: string
  machine: string
  drive_index: number
  layer_id: string
}

/** What a start of an official playground resumes instead of booting. `shape`: of what its runs are made of (warm-pool/shape.ts); what they run on is in the snapshot's stamp. */
export interface WarmStartTable {
  playground_id: string
  shape: string
  snapshot_id: string
  created_at: string
}

export type RunRow = Selectable<RunTable>
export type NewRun = Insertable<RunTable>
export type StateEventRow = Selectable<StateEventTable>
export type DriveRow = Selectable<DriveTable>
export type LayerRow = Selectable<LayerTable>
export type PlaygroundRow = Selectable<PlaygroundTable>
export type RunMachineRow = Selectable<RunMachineTable>
export type TaskRow = Selectable<TaskTable>
export type ImageRow = Selectable<ImageTable>
export type SnapshotRow = Selectable<SnapshotTable>
export type SnapshotMachineRow = Selectable<SnapshotMachineTable>
export type WarmStartRow = Selectable<WarmStartTable>
