import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { GuestLink, Guests } from '../guest/guest.ts'
import type { Vm } from '../vmm/vmm.ts'

export interface WakeConformanceTools {
  readonly guests: Guests
  readonly vm: Vm
  readonly timeoutMs: number
}

const minuteMs = 60_000

/**
 * How far the guest's clock is ahead, by the quickest of some commands, and by how much that may be wrong: half of the way there and back, which is
 * seconds on a host that many tests share.
 */
export async function seenClock(link: GuestLink): Promise<{ offMs: number; slackMs: number }> {
  let best = { offMs: 0, slackMs: Number.POSITIVE_INFINITY }
  for (let time = 0; time < 5; time += 1) {
    const sent = Date.now()
    const { stdout } = await link.run('date +%s%N')
    const slackMs = (Date.now() - sent) / 2
    if (slackMs < best.slackMs) best = { offMs: Number(stdout) / 1e6 - sent - slackMs, slackMs }
  }
  return best
}

/** What every Guests must do to a VM that went on after a pause; here one that never stopped, whose clock is set wrong instead. */
export function wakeConformance(open: () => Promise<WakeConformanceTools>): void {
  const it = (title: string, body: (tools: WakeConformanceTools) => Promise<void>) =>
    test(title, async () => {
      await body(await open())
    })
  const withLink = async <T>(
    { guests, vm, timeoutMs }: WakeConformanceTools,
    awake: Promise<unknown> | undefined,
    use: (link: GuestLink) => Promise<T>,
  ) => {
    const link = guests.link(vm, awake ? { awake } : {})
    try {
      await link.ready(AbortSignal.timeout(timeoutMs))
      return await use(link)
    } finally {
      link.close()
    }
  }
  const skew = (tools: WakeConformanceTools, byMs: number) =>
    withLink(tools, undefined, async (link) => {
      await link.run(`date -s @${Math.round((Date.now() + byMs) / 1000)}`)
      const { offMs, slackMs } = await seenClock(link)
      assert.ok(Math.abs(offMs - byMs) < 10_000 + slackMs)
    })

  it('sets a clock that is minutes late, hours early or years off', async (tools) => {
    for (const byMs of [-2 * minuteMs, 5 * 60 * minuteMs, -20 * 365 * 24 * 60 * minuteMs]) {
      await skew(tools, byMs)
      const waking = tools.guests.wake(tools.vm, { epoch: randomUUID() })
      const { offMs, slackMs } = await withLink(tools, waking, seenClock)
      assert.ok(Math.abs((await waking).clockOffMs) <= 500)
      assert.ok(Math.abs(offMs) < 500 + slackMs, `${offMs} ms off after ${byMs}, known within ${slackMs}`)
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
