/** Sections of one log beyond this many are not told apart: a guest may print what looks like a boot as often as it likes. The newest are. */
const mostSections = 100

const kernelsFirstLine = Buffer.from('Linux version ')
const kernelsFirstTime = /\[ +0\.000000\] $/
/** Bytes before the kernel's first words in which their line begins. A bound, since a log may be without any newline. */
const mostBefore = 1024
const initLine = Buffer.from('ramet: boot ')
/** Kernel lines of the first second: a quiet kernel prints only errors before the first line of our init ("PCI: Fatal", on machines without PCI). */
const earlyKernelLine = /^\[ +0\.\d{6}\] /
/** Bound for the lines before an init line that are looked at. */
const mostEarlyLines = 100
const newline = 0x0a
const bracket = 0x5d

interface Mark {
  readonly at: number
  readonly isKernels: boolean
}

/**
 * Finds where boots begin in one log: at the kernel's first line, or, if it prints none (`quiet`), at the first line of our init with the kernel's output right before it.
 * A guest can print such lines itself and so add sections to its own log, which does no harm. It searches bytes for two words instead of going through lines: 16 MB took seconds.
 */
export function splitBoots(log: Buffer): Buffer[] {
  const begins: number[] = []
  let hasKernelLine = false
  let hasInitLine = false
  for (const { at, isKernels } of marksOf(log)) {
    if (isKernels) {
      begins.push(at)
      hasKernelLine = true
      hasInitLine = false
      continue
    }
    if (hasInitLine || !hasKernelLine) {
      begins.push(beforeEarlyLines(log, at, begins.at(-1) ?? 0))
      hasKernelLine = false
    }
    hasInitLine = true
  }
  const cuts = [0, ...begins.slice(-mostSections), log.length]
  return cuts
    .slice(0, -1)
    .map((from, index) => log.subarray(from, cuts[index + 1]))
    .filter((section) => !isBlank(section))
}

/** Starts of the lines that matter, in order. */
function* marksOf(log: Buffer): Generator<Mark> {
  let kernels = nextKernels(log, 0)
  let inits = nextInit(log, 0)
  while (kernels >= 0 || inits >= 0) {
    const isKernels = kernels >= 0 && (inits < 0 || kernels < inits)
    const at = isKernels ? kernels : inits
    yield { at, isKernels }
    const end = log.indexOf(newline, at)
    const next = end < 0 ? log.length : end + 1
    if (isKernels) kernels = nextKernels(log, next)
    else inits = nextInit(log, next)
  }
}

/** Start of the next line with `[    0.000000] Linux version `, which firmware may have begun. */
function nextKernels(log: Buffer, from: number): number {
  for (let at = log.indexOf(kernelsFirstLine, from); at >= 0; at = log.indexOf(kernelsFirstLine, at + 1)) {
    if (log[at - 2] !== bracket) continue
    const before = log.toString('latin1', Math.max(at - mostBefore, from), at)
    const time = kernelsFirstTime.exec(before)
    if (time) return at - before.length + (before.lastIndexOf('\n', time.index) + 1 || time.index)
  }
  return -1
}

function nextInit(log: Buffer, from: number): number {
  let at = log.indexOf(initLine, from)
  while (at > 0 && log[at - 1] !== newline) at = log.indexOf(initLine, at + 1)
  return at
}

const lineStart = (log: Buffer, at: number) => (at === 0 ? 0 : log.lastIndexOf(newline, at - 1) + 1)

/** Start of the kernel's early lines right before the line at `at`. */
function beforeEarlyLines(log: Buffer, at: number, from: number): number {
  let begin = at
  for (let left = mostEarlyLines; left > 0 && begin > from; left--) {
    const line = Math.max(lineStart(log, begin - 1), from)
    if (!earlyKernelLine.test(log.toString('latin1', line, Math.min(line + 32, begin)))) break
    begin = line
  }
  return begin
}

const isBlank = (section: Buffer) => section.every((byte) => byte === newline || byte === 0x20 || byte === 0x0d || byte === 0x09)
