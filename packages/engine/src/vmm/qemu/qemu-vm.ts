import { setTimeout as delay } from 'node:timers/promises'
import { actionRefused } from '@ramet/model/errors/errors.ts'
import { writeFileForThisBoot } from '../../disk/files.ts'
import { unixPort } from '../unix-port.ts'
import type { Vm, VmCut, VmEnd, VmMemory, VmOverlay, VmPorts } from '../vmm.ts'
import { newestPrinted } from './console-log.ts'
import { openOverlay, overlayFiles, putOn } from './drive-nodes.ts'
import { endMigration } from './migration.ts'
import { give, takeBack } from './own-files.ts'
import { gone, isAlive } from './process.ts'
import { endOf, readProcessEnd } from './process-end.ts'
import { type CutTools, QemuCut } from './qemu-cut.ts'
import { QmpClient, type QmpEvent } from './qmp.ts'
import { vmFiles } from './vm-files.ts'
import type { VmJail, VmRecord } from './vm-record.ts'
import { untilSpace, waitsForSpace } from './wait-for-space.ts'

/** Status of a VM whose guest powered off and whose QEMU waits to be seen (`-action shutdown=pause`; qapi/run-state.json). */
export const isOff = (status: string): boolean => status === 'shutdown'

export async function statusOf(qmp: QmpClient): Promise<string> {
  return (await qmp.execute<{ status: string }>('query-status')).status
}

/** One QEMU process, started by us or found again. Holds its control connection and watches how it ends. */
export class QemuVm implements Vm {
  readonly pid: number
  readonly ports: VmPorts
  readonly ended: Promise<VmEnd>
  readonly #process: VmRecord
  readonly #folder: string
  readonly #tools: CutTools
  readonly #exit: Promise<void> | undefined
  readonly #resets = new Set<() => void>()
  readonly #end = Promise.withResolvers<VmEnd>()
  #qmp: QmpClient
  #seenEnd: VmEnd | undefined
  #isReleased = false
  #isWaitingForSpace = false
  readonly #spaceListeners = new Set<(waits: boolean) => void>()

  /** `exit` is set for a VM that this server started. */
  constructor(process: VmRecord, folder: string, qmp: QmpClient, tools: CutTools, exit?: Promise<void>) {
    this.#process = process
    this.#tools = tools
    this.#exit = exit
    this.pid = process.pid
    this.#folder = folder
    const { guest, wake, console } = vmFiles(folder)
    this.ports = { channel: unixPort(guest), wake: unixPort(wake), console: unixPort(console) }
    this.ended = this.#end.promise
    this.#qmp = qmp
    void this.#watch()
  }

  onReset(listener: () => void): () => void {
    this.#resets.add(listener)
    return () => this.#resets.delete(listener)
  }

  onSpace(listener: (waits: boolean) => void): void {
    this.#spaceListeners.add(listener)
    if (this.#isWaitingForSpace) listener(true)
  }

  async pressPowerButton(): Promise<void> {
    await this.#qmp.execute('system_powerdown')
  }

  async kill(): Promise<void> {
    if (await isAlive(this.#process)) {
      await this.#remember('killed')
      process.kill(this.pid, 'SIGKILL')
    }
    if (!(await gone(this.#process, 30_000))) throw new Error(`process ${this.pid} does not end`)
    await this.ended
  }

  async addLayer(driveIndex: number, file: string): Promise<void> {
    await give(this.#folder, this.#jail(), file)
    await putOn(this.#qmp, await openOverlay(this.#qmp, { driveIndex, file }))
  }

  async beginCut(into: VmMemory, overlays: readonly VmOverlay[]): Promise<VmCut> {
    return QemuCut.begin(this.#qmp, this.#tools, this.#folder, this.#jail(), into, overlays)
  }

  async isRunning(): Promise<boolean> {
    return (await statusOf(this.#qmp)) === 'running'
  }

  async goOn(): Promise<void> {
    await endMigration(this.#qmp)
    const status = await statusOf(this.#qmp)
    if (status !== 'running' && !isOff(status)) await this.#qmp.execute('cont')
  }

  async overlayFiles(): Promise<string[]> {
    return overlayFiles(this.#qmp)
  }

  async printed(): Promise<string> {
    return newestPrinted(this.#folder)
  }

  release(): void {
    this.#isReleased = true
    this.#qmp.close()
  }

  /** Throws for a VM that was started by a version without jails: it goes on and can be stopped, but nothing can be given to it. */
  #jail(): VmJail {
    const { jail } = this.#process
    if (jail === undefined)
      throw actionRefused('clone', 'RUNNING', 'It was started by an older version of Ramet: stop and restart it first.')
    return jail
  }

  /** Watches the control connection until the process is gone, and reconnects when only the connection is lost. */
  async #watch(): Promise<void> {
    for (;;) {
      const stop = this.#qmp.listen((event) => this.#note(event))
      await this.#lookOnce()
      await this.#qmp.closed
      stop()
      if (this.#isReleased) return
      // The kernel closes a dying process's sockets before /proc shows it gone.
      if (await gone(this.#process, 2_000)) return this.#settle()
      this.#qmp = await this.#reconnect()
      if (!(await isAlive(this.#process))) return this.#settle()
    }
  }

  /** Asks for the status after a connect: events before that are lost, and a guest that is off sends no more. */
  async #lookOnce(): Promise<void> {
    try {
      const status = await statusOf(this.#qmp)
      if (isOff(status)) await this.#poweredOff()
      if (waitsForSpace(status)) void this.#goOnWithSpace()
    } catch {
      // The connection closed meanwhile: the loop handles it.
    }
  }

  async #reconnect(): Promise<QmpClient> {
    while (!this.#isReleased && (await isAlive(this.#process))) {
      try {
        return await QmpClient.connect(vmFiles(this.#folder).qmp)
      } catch {
        await delay(200)
      }
    }
    return this.#qmp
  }

  #note({ event, data }: QmpEvent): void {
    if (event === 'RESET' && data.guest === true) for (const listener of this.#resets) listener()
    if (event === 'SHUTDOWN' && data.guest === true) void this.#poweredOff()
    if (event === 'BLOCK_IO_ERROR' && data.nospace === true && data.action === 'stop') void this.#goOnWithSpace()
  }

  async #goOnWithSpace(): Promise<void> {
    if (this.#isWaitingForSpace) return
    try {
      await untilSpace(this.#folder, () => {
        // Reported again at each look: the first listener may have no space to record it.
        this.#tellSpace(true)
        return this.#isReleased || this.#seenEnd !== undefined
      })
      if (!this.#isReleased && waitsForSpace(await statusOf(this.#qmp))) await this.#qmp.execute('cont')
    } catch {
      // The connection closed meanwhile: the next connect asks again.
    } finally {
      this.#tellSpace(false)
    }
  }

  #tellSpace(waits: boolean): void {
    this.#isWaitingForSpace = waits
    if (!this.#isReleased) for (const listener of this.#spaceListeners) listener(waits)
  }

  async #poweredOff(): Promise<void> {
    if (this.#seenEnd !== undefined) return
    await this.#remember('powered-off')
    // Flushes and closes the drives' files.
    await this.#qmp.execute('quit').catch(() => {})
  }

  /** Records the end for later servers, before the process ends. After a reboot of the host it means nothing: no VM is on then. */
  async #remember(end: VmEnd): Promise<void> {
    this.#seenEnd = end
    await writeFileForThisBoot(vmFiles(this.#folder).end, JSON.stringify({ end }))
  }

  async #settle(): Promise<void> {
    // Our child stays as a zombie until it is reaped.
    await this.#exit
    if (this.#process.jail) await takeBack(this.#folder).catch(() => {})
    const end = this.#seenEnd ?? endOf(await readProcessEnd(vmFiles(this.#folder).exit))
    await this.#remember(end).catch(() => {})
    this.#end.resolve(end)
  }
}
