import { readFile } from 'node:fs/promises'
import { run } from '../process/run-process.ts'

/**
 * Returns the frequency of the host's time stamp counter in kHz, which a TCG guest sees as its own (QEMU's cpu_get_tsc reads it).
 * The kernel's own calibration is in its log until that wraps; `cpu MHz` of /proc/cpuinfo is the same where no frequency scaling shows through (most VMs),
 * and near enough elsewhere: the guest's kernel refines an early value that is some per cent off.
 */
export async function hostTscKhz(): Promise<number> {
  const log = await run(['dmesg'], { okCodes: [0, 1] }).then(
    ({ stdout }) => stdout,
    () => '',
  )
  return tscKhzOf(log, await readFile('/proc/cpuinfo', 'utf8'))
}

export function tscKhzOf(kernelLog: string, cpuinfo: string): number {
  const megahertz =
    /tsc: Refined TSC clocksource calibration: ([\d.]+) MHz/.exec(kernelLog)?.[1] ??
    /tsc: Detected ([\d.]+) MHz (?:TSC|processor)/.exec(kernelLog)?.[1] ??
    /^cpu MHz\s*: ([\d.]+)$/m.exec(cpuinfo)?.[1]
  return Math.round(Number(megahertz ?? 2000) * 1000)
}
