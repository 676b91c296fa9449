import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Vm } from '../vmm/vmm.ts'
import type { GuestLink, Guests, RunKeys } from './guest.ts'

export interface WakeConformanceTools {
  readonly guests: Guests
  readonly vm: Vm
  readonly keys: RunKeys
  readonly timeoutMs: number
}

const minuteMs = 60_000

/** What every Guests must do to a VM that went on after a pause; here one that never stopped, whose clock is set wrong instead. */
export function wakeConformance(open: () => Promise<WakeConformanceTools>): void {
  const it = (title: string, body: (tools: WakeConformanceTools) => Promise<void>) =>
    test(title, async () => {
      await body(await open())
    })
  const withLink = async <T>(
    { guests, vm, keys, timeoutMs }: WakeConformanceTools,
    awake: Promise<unknown> | undefined,
    use: (link: GuestLink) => Promise<T>,
  ) => {
    const link = guests.link(vm, keys, awake ? { awake } : {})
    try {
      await link.ready(AbortSignal.timeout(timeoutMs))
      return await use(link)
    } finally {
      link.close()
    }
  }
  /** Asked by a command, so the way there and back is in it. */
  const clockOffMs = async (link: GuestLink) => {
    const sent = Date.now()
    const { stdout } = await link.run('date +%s%N')
    return Number(stdout) / 1e6 - (sent + Date.now()) / 2
  }
  const skew = (tools: WakeConformanceTools, byMs: number) =>
    withLink(tools, undefined, async (link) => {
      await link.run(`date -s @${Math.round((Date.now() + byMs) / 1000)}`)
      assert.ok(Math.abs((await clockOffMs(link)) - byMs) < 10_000)
    })

  it('sets a clock that is minutes late, hours early or years off', async (tools) => {
    for (const byMs of [-2 * minuteMs, 5 * 60 * minuteMs, -20 * 365 * 24 * 60 * minuteMs]) {
      await skew(tools, byMs)
      const waking = tools.guests.wake(tools.vm, { epoch: randomUUID() })
      const offMs = await withLink(tools, waking, clockOffMs)
      assert.ok(Math.abs((await waking).clockOffMs) <= 500)
      assert.ok(Math.abs(offMs) < 500, `${offMs} ms off after ${byMs}`)
    }
  })

  it('tells the epoch, which is another one after each time', async (tools) => {
    const read = async (link: GuestLink) => (await link.run('cat /run/ramet/epoch')).stdout
    const before = await withLink(tools, undefined, read)
    assert.match(before, /^[0-9a-f-]{36}\n$/)
    for (const epoch of [randomUUID(), randomUUID()])
      assert.equal(await withLink(tools, tools.guests.wake(tools.vm, { epoch }), read), `${epoch}\n`)
  })

  it('may be done again with the same epoch, also under an open link, which a new one replaces', async (tools) => {
    const epoch = randomUUID()
    await withLink(tools, undefined, async () => {
      for (let time = 0; time < 2; time += 1) await tools.guests.wake(tools.vm, { epoch })
    })
    assert.equal(await withLink(tools, undefined, async (link) => (await link.run('cat /run/ramet/epoch')).stdout), `${epoch}\n`)
  })
}
