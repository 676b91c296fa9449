import type { Figure } from '../samples.ts'
import { median } from '../samples.ts'
import type { CutFigures } from './bench-runs.ts'

const MiB = 1024 ** 2

/** Least squares; `base` in ms, `perMiB` in ms per MiB. Pure. */
export function fitPause(cuts: readonly CutFigures[]): { base: number; perMiB: number } {
  const points = cuts.map(({ pauseMs, pausedBytes }) => [pausedBytes / MiB, pauseMs] as const)
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const perMiB =
    points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) /
    points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
  return { base: y - perMiB * x, perMiB }
}

/** Of the same run, at rest and while its machines write to their memory. */
export function pauseFigures(idle: readonly CutFigures[], busy: readonly CutFigures[]): Figure[] {
  const pauses = (cuts: readonly CutFigures[]) => cuts.map(({ pauseMs }) => pauseMs)
  const copiedMiB = (cuts: readonly CutFigures[]) => median(cuts.map(({ pausedBytes }) => pausedBytes)) / MiB
  const { base, perMiB } = fitPause([...idle, ...busy])
  return [
    {
      title: 'Source pause of a live clone, idle pair',
      unit: 'ms',
      ours: { name: 'at the cut', values: pauses(idle) },
      rival: { name: 'when the copying begins', values: idle.map(({ firstPauseMs }) => firstPauseMs) },
      wants: [
        { text: 'at most 60 ms', holds: (ms) => ms <= 60 },
        { text: 'and so for the other pause', holds: (_, ms) => ms <= 60 },
      ],
      notes: [
        'all machines of the run, by the server’s log; the two pauses are some 0.3 s apart, and between them the machines run',
      ],
    },
    {
      title: 'Source pause of a live clone, both machines writing to memory',
      unit: 'ms',
      ours: { name: 'writing', values: pauses(busy) },
      rival: { name: 'idle', values: pauses(idle) },
      wants: [],
      notes: [
        `${base.toFixed(0)} ms + ${perMiB.toFixed(2)} ms for each MiB copied inside the pause (least squares over all of them)`,
        `MiB copied inside it: idle ${copiedMiB(idle).toFixed(1)}, writing ${busy.map(({ pausedBytes }) => (pausedBytes / MiB).toFixed(1)).join(' ')}`,
      ],
    },
  ]
}
