import type { Progress } from '@ramet/model/api/wire.ts'
import { visibleLine } from '@ramet/model/units/visible-text.ts'

/** Shows what is under way: one line in place on a terminal, a line at each change elsewhere. `end` leaves the cursor on an empty line. */
export interface ProgressLine {
  show(progress: Pick<Progress, 'message' | 'percent'>): void
  end(): void
}

export const silence: ProgressLine = { show: () => {}, end: () => {} }

export function createProgress(stderr: NodeJS.WriteStream = process.stderr): ProgressLine {
  return stderr.isTTY && process.env.TERM !== 'dumb' ? inPlace(stderr) : plainLines(stderr)
}

/** In logs, percents are told in steps of ten. */
function plainLines(stderr: NodeJS.WriteStream): ProgressLine {
  let last = ''
  return {
    show: ({ message, percent }) => {
      const tens = percent === undefined ? '' : ` ${Math.floor(percent / 10) * 10} %`
      const line = `${visibleLine(message)}${tens}`
      if (line !== last) stderr.write(`${line}\n`)
      last = line
    },
    end: () => {},
  }
}

const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const frameMs = 100
const barCells = 20

function inPlace(stderr: NodeJS.WriteStream): ProgressLine {
  let shown: Pick<Progress, 'message' | 'percent'> | undefined
  let frame = 0
  const draw = () => {
    if (!shown) return
    frame = (frame + 1) % frames.length
    const line = `${frames[frame]} ${bar(shown.percent)}${visibleLine(shown.message)}`
    // One column is left free: a full last column makes some terminals wrap.
    stderr.write(`\r\x1b[K${line.slice(0, Math.max(10, stderr.columns - 1))}`)
  }
  const timer = setInterval(draw, frameMs)
  timer.unref()
  return {
    show: (progress) => {
      shown = progress
      draw()
    },
    end: () => {
      clearInterval(timer)
      if (shown) stderr.write('\r\x1b[K')
      shown = undefined
    },
  }
}

export function bar(percent: number | undefined): string {
  if (percent === undefined) return ''
  const full = Math.round((percent / 100) * barCells)
  return `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${String(Math.floor(percent)).padStart(3)} % `
}
