import type { Progress } from '@ramet/model/api/wire.ts'

/** A thing built once from public packages, cached under its recipe's hash, immutable afterwards. */
export interface Artefact {
  readonly folder: string
  readonly bytes: number
  readonly builtAt: Date
}

/** Kernel pack: everything needed to boot any root drive. */
export interface KernelPack extends Artefact {
  /** Uncompressed kernel release, e.g. `6.1.0-41-cloud-amd64`. */
  readonly release: string
  readonly kernel: string
  readonly initramfs: string
  /** Raw read-only filesystem with /lib/modules' content. */
  readonly modules: string
}

/** A root filesystem as a sealed qcow2, small; drives made on it are grown by the guest's init. */
export interface RootImage extends Artefact {
  readonly disk: string
  readonly sizeBytes: number
  /** Why no machine can have it as its root drive, as a sentence. */
  readonly cannotBoot?: string | undefined
}

export type ReportProgress = (progress: Progress) => void

export interface BuildOptions {
  readonly cacheFolder: string
  readonly report: ReportProgress
  readonly signal?: AbortSignal
}
