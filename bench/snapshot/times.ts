import { inMachine } from '../../tests/harness/in-machine.ts'
import type { Figure } from '../samples.ts'
import type { BenchRuns, CutFigures, Shape } from './bench-runs.ts'

const samples = { clone: 5, stop: 5, cold: 3, ten: 2 }
/** Each of them rewritten again and again while the run is cloned. */
const writtenMiB = [8, 32, 64, 128]

/** What keeping and cloning the memory of one kind of run took, in ms unless said. */
export interface Times {
  readonly cold: number[]
  readonly clone: number[]
  readonly cloneAnswer: number[]
  readonly stop: number[]
  readonly restart: number[]
  readonly restartRunning: number[]
  readonly afterCont: number[]
  /** To the last one's being RUNNING; empty when it was not measured. */
  readonly ten: number[]
  readonly idleCuts: CutFigures[]
  readonly busyCuts: CutFigures[]
}

export async function measureTimes(
  runs: BenchRuns,
  shape: Shape,
  { playground, ten, busy }: { playground: string; ten: boolean; busy: boolean },
  progress: (text: string) => void,
): Promise<Times> {
  const times: Times = {
    ...{ cold: [], clone: [], cloneAnswer: [], stop: [], restart: [], restartRunning: [], afterCont: [], ten: [] },
    ...{ idleCuts: [], busyCuts: [] },
  }
  const say = (what: string, ms: number) => progress(`${shape.name}: ${what} ${ms.toFixed(0)} ms`)
  let id = ''
  for (let at = 0; at < samples.cold; at += 1) {
    if (id !== '') await runs.destroy(id)
    const started = await runs.start(playground)
    id = started.id
    times.cold.push(started.firstCommandMs)
    say('cold boot to first command', started.firstCommandMs)
  }
  await runs.settle(id, shape)
  for (let at = 0; at < samples.clone; at += 1) {
    const cloning = await runs.cloneLive(id)
    await runs.destroy(...cloning.ids)
    times.clone.push(cloning.firstCommandMs)
    times.cloneAnswer.push(cloning.answerMs)
    times.idleCuts.push(cloning.cut)
    say(`pause ${cloning.cut.pauseMs.toFixed(0)}, live clone to first command`, cloning.firstCommandMs)
  }
  for (let at = 0; at < samples.stop; at += 1) {
    times.stop.push(await runs.stop(id))
    const { runningMs, firstCommandMs, afterContMs } = await runs.restart(id)
    times.restart.push(firstCommandMs)
    times.restartRunning.push(runningMs)
    times.afterCont.push(afterContMs)
    say(
      `stop ${times.stop.at(-1)?.toFixed(0)} ms, ${afterContMs.toFixed(0)} ms from cont to first command, restart to it`,
      firstCommandMs,
    )
  }
  for (let at = 0; ten && at < samples.ten; at += 1) {
    const { ids, runningMs } = await runs.cloneLive(id, 10)
    await runs.destroy(...ids)
    times.ten.push(runningMs)
    say('ten clones, all RUNNING', runningMs)
  }
  for (const mib of busy ? writtenMiB : []) {
    const stop = await keepWriting(runs, id, shape, mib)
    const { cut, ids } = await runs.cloneLive(id)
    await stop()
    await runs.destroy(...ids)
    times.busyCuts.push(cut)
    say(
      `${mib} MiB are rewritten in each machine, ${(cut.pausedBytes / 1024 ** 2).toFixed(0)} MiB copied in the pause of`,
      cut.pauseMs,
    )
  }
  await runs.destroy(id)
  return times
}

/** Until it is told to end; as fast as one CPU of each machine can. */
async function keepWriting(runs: BenchRuns, id: string, { machines }: Shape, mib: number): Promise<() => Promise<void>> {
  const each = async (command: string) => {
    for (const machine of machines) await inMachine(runs.server, id, machine, command)
  }
  // Noise: a page of zeros is not copied.
  const loop = `while [ -e /dev/shm/on ]; do for i in $(seq 0 8 ${mib - 8}); do dd if=/dev/shm/some of=/dev/shm/written bs=1M seek=$i conv=notrunc; done; done`
  await each(
    `head -c 8M /dev/urandom > /dev/shm/some; touch /dev/shm/on; setsid -f sh -c '${loop}' > /dev/null 2>&1 < /dev/null; sleep 1`,
  )
  return () => each('rm -f /dev/shm/on; sleep 1; rm -f /dev/shm/written /dev/shm/some')
}

const seconds = (values: readonly number[]) => values.map((ms) => ms / 1000)

/** Beside a boot of the same playground, and beside `virsh save` and `restore` where libvirt is there. */
export function timeFigures(shape: Shape, times: Times, virsh: { save: number[]; restore: number[] } | undefined): Figure[] {
  const what = `${shape.machines.length} x ${shape.ramMiB} MiB${shape.filledMiB > 0 ? `, ${shape.filledMiB} MiB used` : ', idle'}`
  const cold = { name: 'cold boot', values: seconds(times.cold) }
  const figure = (title: string, ours: Figure['ours'], rival: Figure['rival'], atMost: number, notes: string[] = []): Figure => ({
    ...{ title: `${title}, ${what}`, unit: 's', ours, rival, notes },
    wants: [{ text: `at most ${atMost} s`, holds: (own) => own <= atMost }],
  })
  const clone = { name: 'live clone', values: seconds(times.clone) }
  const restart = { name: 'restart', values: seconds(times.restart) }
  const stop = { name: 'stop', values: seconds(times.stop) }
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]?.toFixed(0)
  return [
    figure('Live clone to first command', clone, cold, 1.5, [
      `the answer, with the cut and all rows, after ${median(times.cloneAnswer)} ms`,
    ]),
    figure('Restart to first command', restart, cold, 1.5, [
      `RUNNING after ${median(times.restartRunning)} ms; from the guests' going on to the end of the first command ${median(times.afterCont)} ms`,
    ]),
    ...(virsh
      ? [
          figure('Restart to first command', restart, { name: 'virsh restore', values: seconds(virsh.restore) }, 1.5, [
            'virsh: one such machine, to the end of its first command over the same kind of link; its clock and random numbers are not set',
          ]),
          figure('Stop', stop, { name: 'virsh save', values: seconds(virsh.save) }, 3, [
            'ours: guests synced, drives durable, network given back; virsh: one such machine. Memory is in the page cache for both',
          ]),
        ]
      : [figure('Stop', stop, cold, 3)]),
    ...(times.ten.length > 0
      ? [figure('Ten live clones from one cut, the last RUNNING', { name: 'ten', values: seconds(times.ten) }, clone, 6)]
      : []),
  ]
}
