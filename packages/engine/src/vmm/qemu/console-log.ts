import { appendFile, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConsoleLog } from '../vmm.ts'
import { consoleLogPattern, vmFiles } from './vm-files.ts'

/** A guest may print for ever. QEMU appends (O_APPEND), so a log can be cut from outside while it writes. */
const longestLogBytes = 16 * 1024 * 1024
const keptBytes = 4 * 1024 * 1024
const keptFiles = 10

const numbers = async (folder: string): Promise<number[]> =>
  (await readdir(folder))
    .flatMap((name) => consoleLogPattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)

/** The log of the next start of this VM; the oldest ones go. */
export async function nextConsoleLog(folder: string): Promise<string> {
  const existing = await numbers(folder)
  for (const old of existing.slice(0, -(keptFiles - 1))) await rm(vmFiles(folder).consoleLog(old), { force: true })
  return vmFiles(folder).consoleLog((existing.at(-1) ?? 0) + 1)
}

/** Cuts the newest log down to its end when it has grown too long. What is printed in the moment of the cut may stand before the kept end. */
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
/** Of the first second: a quiet kernel prints what it takes for an error before our init says its line ("PCI: Fatal", on machines without PCI). */
const earlyKernelLine = /^\[ +0\.\d{6}\] /

/**
 * Where boots begin in one log: at the kernel's first line; where it prints none (`quiet`), at the first line of our init, with what the kernel said right before it.
 * A guest can print such lines itself and so add sections to its own log, which harms nobody.
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

/** Oldest first, named `1.1` (first start, first boot), `1.2` (rebooted inside), `2.1`… */
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
