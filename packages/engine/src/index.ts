/** The engine's one entry: a host that runs machines, and what its callers name in their calls. `./testing` is the entry for tests and the fake host. */

export { writeFileAtomically } from './disk/files.ts'
export { HeldFolder } from './disk/held-folder.ts'
export type { SealedFile } from './disk/layer-store.ts'
export { asSpaceError, freeBytes, isSpaceError } from './disk/space.ts'
export type { TaskSight } from './guest/agent/guest-task.ts'
export type { ScriptEnd, TaskScript } from './guest/agent/try-script.ts'
export type { ExecOptions, GuestProcess, GuestTerminal, TerminalOptions, ToolResult } from './guest/guest.ts'
export { makeKeyPair } from './guest/identity/keys.ts'
export { duplexOf } from './guest/link/duplex-of.ts'
export type { FileSight, HomeInspection, RamName } from './host/home-inspection.ts'
export type { Host, MachineEnd, MachineEvent, MachineOn, MachineSight } from './host/host.ts'
export type { HostImages, ImageBuild, RequireOptions } from './host/host-images.ts'
export type { HostMachines, MachineName, MachinePlace } from './host/host-machines.ts'
export type { HostStorage, MergeRequest, OverlayName, OverlayToLayer, RamWork } from './host/host-storage.ts'
export type { Known, KnownLayer, KnownRun, KnownSnapshot, Reclaimed } from './host/known.ts'
export { type HostConfig, openHost } from './host/open-host.ts'
export { openInspection } from './host/open-inspection.ts'
export type {
  CutFigures,
  CutRequest,
  CutResult,
  NextOverlay,
  PerformRequest,
  SettledCut,
  StepTimes,
  WorkflowName,
} from './host/perform.ts'
export { workflowSteps } from './host/workflows.ts'
export { hostAddresses } from './network/plan.ts'
export { type BackgroundClass, useBackgroundClass } from './process/background-programs.ts'
export { diesWithParent } from './process/dies-with-parent.ts'
export { closeInheritedDescriptors } from './process/inherited-descriptors.ts'
export { run } from './process/run-process.ts'
export { nextOverlays } from './run/cut-live.ts'
export type { DriveRecord, LayerRecord, MachineRecord, RunRecord } from './run/run-record.ts'
export type { RunStore } from './run/run-store.ts'
export { runWorkflow, type Step, stepNamesOf, type Workflow } from './run/steps.ts'
export type {
  MemoryFiles,
  NewRam,
  SnapshotDrive,
  SnapshotMachine,
  SnapshotRecord,
  TakenMachine,
  TakenSnapshot,
} from './snapshot/snapshot-record.ts'
export { type SnapshotStamp, whyNotHere } from './snapshot/stamp.ts'
