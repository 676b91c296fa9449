import { HeldFolder } from '../../disk/held-folder.ts'
import type { ConsoleLog } from '../vmm.ts'
import { splitBoots } from './boot-sections.ts'
import { type RingLog, readRing, removeRing } from './ring-log.ts'
import { consoleLogName, consoleLogPattern, messageLogName } from './vm-files.ts'

/** A guest may print for ever. Read whole in some milliseconds. */
const consoleLogBytes = 4 * 1024 * 1024
const messageLogBytes = 256 * 1024
const keptLogs = 10

const consoleLog = (number: number): RingLog => ({ name: consoleLogName(number), mostBytes: consoleLogBytes })
/** QEMU's own messages since its last start. */
export const messageLog: RingLog = { name: messageLogName, mostBytes: messageLogBytes }

async function numbers(folder: HeldFolder): Promise<number[]> {
  return (await folder.names())
    .flatMap((name) => consoleLogPattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

/** Returns the log for the next start of this VM, and removes the oldest logs. */
export async function nextConsoleLog(folder: HeldFolder): Promise<RingLog> {
  const existing = await numbers(folder)
  for (const old of existing.slice(0, -(keptLogs - 1))) await removeRing(folder, consoleLogName(old))
  return consoleLog((existing.at(-1) ?? 0) + 1)
}

/**
 * Lists the logs, oldest first, named `1.1` (first start, first boot), `1.2` (rebooted inside), `2.1`… With `only` just that one, at the cost of its own start's
 * log. What is under a log's name but none of ours is left out.
 */
export async function consoleLogs(path: string, only?: string): Promise<ConsoleLog[]> {
  const folder = await HeldFolder.open(path).catch(() => undefined)
  if (!folder) return []
  await using _ = folder
  const wanted = (await numbers(folder)).filter((number) => only === undefined || only.startsWith(`${number}.`))
  const found = await Promise.all(wanted.map((number) => sectionsOf(path, number)))
  return found.flat().filter(({ name }) => only === undefined || name === only)
}

async function sectionsOf(path: string, number: number): Promise<ConsoleLog[]> {
  const read = async () => {
    await using folder = await HeldFolder.open(path)
    return splitBoots(await readRing(folder, consoleLog(number)))
  }
  const sections = await read().catch(() => [])
  return sections.map((_, index) => ({
    name: `${number}.${index + 1}`,
    read: async () => (await read())[index]?.toString() ?? '',
  }))
}

/** As much of a line's end as says why a boot failed. */
const printedBytes = 64 * 1024

/** The end of what was printed since this VM's last start; empty when it has no log. Throws `not_plain`. */
export async function newestPrinted(path: string): Promise<string> {
  await using folder = await HeldFolder.open(path)
  const newest = (await numbers(folder)).at(-1)
  if (newest === undefined) return ''
  return (await readRing(folder, consoleLog(newest))).subarray(-printedBytes).toString()
}

/** The end of what QEMU said; empty when it said nothing. */
export async function readMessages(path: string): Promise<string> {
  await using folder = await HeldFolder.open(path)
  return (await readRing(folder, messageLog)).toString().trim().slice(-1500)
}
