import { saidReason } from '../said.ts'

/** A boot that has come to its end before the platform's agent answered. */
export interface BootFailure {
  /** Part of a sentence, such as `the root drive /dev/vda cannot be mounted`. */
  readonly reason: string
  /** It stopped at a shell on the serial line, where it can be mended. Otherwise the machine begins anew, or is going off. */
  readonly hasShell: boolean
}

const longestReason = 300

/** Our own init (`initramfs/init`). */
const initsFirstLine = 'ramet: boot '
const platforms = /^ramet: this machine cannot boot: (.+)$/m
const platformsShell = /^ramet: here is a shell/m
const panic = /^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? Kernel panic - not syncing: (.+)$/m
/** initramfs-tools and dracut, of a kernel that is the machine's own. */
const initramfsShells = [/^\(initramfs\) /m, /^Entering emergency mode\. Exit the shell to continue/m]
const complaint = /^(?:ALERT! |dracut-\w+\[\d+\]: Warning: |Warning: |run-init: |mount: )\s*(.+)$/gm
const kernelLine = /^\[ *\d+\.\d+\]/

/**
 * Finds in what a machine has printed since its boot began why that boot came to nothing; undefined while it may go on. Pure. A guest can print such lines itself, and
 * so speaks for itself alone: nobody looks any more once it has answered.
 */
export function bootFailureIn(printed: string): BootFailure | undefined {
  const text = printed.slice(Math.max(0, printed.lastIndexOf(initsFirstLine))).replaceAll('\r', '')
  const [, own] = platforms.exec(text) ?? []
  if (own !== undefined) return failure(own, platformsShell.test(text))
  const panicked = panic.exec(text)
  if (panicked) {
    const before = lastWords(text.slice(0, panicked.index))
    return failure(`its kernel panicked (${panicked[1]})${before === undefined ? '' : `, after it said: ${before}`}`, false)
  }
  if (!initramfsShells.some((shell) => shell.test(text))) return undefined
  const [, last] = [...text.matchAll(complaint)].at(-1) ?? []
  return failure(`its initramfs found no root to go on with${last === undefined ? '' : ` (${last})`}`, true)
}

const failure = (reason: string, hasShell: boolean): BootFailure => ({
  reason: saidReason(reason, longestReason).replace(/\.$/, ''),
  hasShell,
})

/** The last line that a program printed: why the kernel was left without its first process. */
const lastWords = (text: string): string | undefined =>
  text
    .slice(-2000)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !kernelLine.test(line) && !line.startsWith('ramet: boot '))
    .at(-1)
