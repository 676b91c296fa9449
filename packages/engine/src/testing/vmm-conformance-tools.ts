import type { Vm, Vmm, VmSpec } from '../vmm/vmm.ts'

/** What an implementation gives the suite besides itself. */
export interface ConformanceTools {
  readonly vmm: Vmm
  /** A VM of its own, bootable; its folder exists and is empty. */
  makeSpec(): Promise<VmSpec>
  /** One whose guest is obedient as soon as it goes on, where that is quicker than a boot. */
  makeSettledSpec?(): Promise<VmSpec>
  /** Resolves when commands can be run in the guest. */
  untilUp(vm: Vm, spec: VmSpec): Promise<void>
  /** Resolves when the guest hears its power button and obeys `poweroff` and `reboot`: later than commands can be run in it. */
  untilObedient(vm: Vm, spec: VmSpec): Promise<void>
  /** Has the guest's root run a command; resolves when it was given, since `poweroff` may not come back. `crash` stands for whatever makes the VM's process end by itself. */
  tell(vm: Vm, spec: VmSpec, command: 'poweroff' | 'reboot' | 'crash' | `echo ${string}` | `word=${string}`): Promise<void>
  /** A file fit to be a new overlay on the drive; another one each time. */
  makeOverlay(spec: VmSpec, driveIndex: number): Promise<string>
  /** A function of a spec that starts its VM, by module (absolute path) and name: called in another process. */
  readonly starter: { readonly module: string; readonly export: string }
  readonly timeoutMs: number
  dispose(spec: VmSpec): Promise<void>
}
