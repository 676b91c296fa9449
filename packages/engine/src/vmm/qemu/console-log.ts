import { appendFile, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsoleLog } from '../vmm.ts'
import { consoleLogPattern, vmFiles } from './vm-files.ts'

/** Longest log, since a guest may print for ever. QEMU appends (O_APPEND), so a log can be cut from outside while it writes. */
const longestLogBytes = 16 * 1024 * 1024
const keptBytes = 4 * 1024 * 1024
const keptFiles = 10

const numbers = async (folder: string): Promise<number[]> =>
  (await readdir(folder))
    .flatMap((name) => consoleLogPattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

/** Returns the path of the log for the next start of this VM, and removes the oldest logs. */
export async function nextConsoleLog(folder: string): Promise<string> {
  const existing = await numbers(folder)
  for (const old of existing.slice(0, -(keptFiles - 1))) await rm(vmFiles(folder).consoleLog(old), { force: true })
  return vmFiles(folder).consoleLog((existing.at(-1) ?? 0) + 1)
}

/** Cuts the newest log down to its end when it is too long. Output that is printed during the cut may appear before the kept end. */
export async function boundConsoleLog(folder: string): Promise<void> {
  const newest = (await numbers(folder)).at(-1)
  if (newest === undefined) return
  const file = vmFiles(folder).consoleLog(newest)
  const { size } = await stat(file)
  if (size <= longestLogBytes) return
  const handle = await open(file, 'r')
  const kept = Buffer.alloc(keptBytes)
  try {
    await handle.read(kept, 0, keptBytes, size - keptBytes)
  } finally {
    await handle.close()
  }
  await truncate(file, 0)
  await appendFile(file, Buffer.concat([Buffer.from('[earlier output was dropped]\n'), kept]))
}

const kernelsFirstLine = /\[ +0\.000000\] Linux version /
/** Kernel lines of the first second: a quiet kernel prints only errors before the first line of our init ("PCI: Fatal", on machines without PCI). */
const earlyKernelLine = /^\[ +0\.\d{6}\] /

/**
 * Finds where boots begin in one log: at the kernel's first line, or, if it prints none (`quiet`), at the first line of our init with the kernel's output right before it.
 * A guest can print such lines itself and so add sections to its own log, which does no harm.
 */
export function splitBoots(text: string): string[] {
  const sections: string[][] = []
  let current: string[] = []
  let hasKernelLine = false
  let hasInitLine = false
  const begin = (lines: string[]) => {
    sections.push(current)
    current = lines
    hasKernelLine = false
    hasInitLine = false
  }
  for (const line of text.split('\n')) {
    const isKernelLine = kernelsFirstLine.test(line)
    const isInitLine = line.startsWith('ramet: boot ')
    if (isKernelLine) begin([])
    else if (isInitLine && (hasInitLine || !hasKernelLine))
      begin(current.splice(current.findLastIndex((before) => !earlyKernelLine.test(before)) + 1))
    hasKernelLine ||= isKernelLine
    hasInitLine ||= isInitLine
    current.push(line)
  }
  sections.push(current)
  return sections.filter((lines) => lines.some((line) => line.trim() !== '')).map((lines) => lines.join('\n'))
}

/** Lists the logs, oldest first, named `1.1` (first start, first boot), `1.2` (rebooted inside), `2.1`… */
export async function consoleLogs(folder: string): Promise<ConsoleLog[]> {
  const logs: ConsoleLog[] = []
  for (const number of await numbers(folder).catch(() => [])) {
    const file = join(folder, `console-${number}.log`)
    const sections = splitBoots(await readFile(file, 'utf8'))
    for (const [index] of sections.entries()) {
      logs.push({ name: `${number}.${index + 1}`, read: async () => splitBoots(await readFile(file, 'utf8'))[index] ?? '' })
    }
  }
  return logs
}
