/** Small statistics of one run of a benchmark. All values are in the unit that the figure names. */

/** Middle of the sorted values; of an even number the mean of the two in the middle. Throws when there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle]
  const lower = sorted[sorted.length % 2 === 1 ? middle : middle - 1]
  if (upper === undefined || lower === undefined) throw new Error('no samples')
  return (lower + upper) / 2
}

export interface Samples {
  readonly name: string
  readonly values: readonly number[]
}

/** A limit from the project's goals, judged on the medians. */
export interface Want {
  readonly text: string
  holds(ours: number, rival: number): boolean
}

/** One measured thing beside its rival, both from the same run. */
export interface Figure {
  readonly title: string
  readonly unit: string
  readonly ours: Samples
  readonly rival: Samples
  readonly wants: readonly Want[]
  /** What differs between the two, and whatever else a reader must know to judge the figure. */
  readonly notes: readonly string[]
}

/** `file`: the benchmark's name on the command line. */
export interface Benchmark {
  readonly name: string
  readonly summary: string
  measure(progress: (text: string) => void): Promise<Figure[]>
}

const digits = (value: number) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2))

export const missed = ({ ours, rival, wants }: Figure) =>
  wants.filter((want) => !want.holds(median(ours.values), median(rival.values)))

/** Lines for people: medians, ratio, difference, wants, raw samples. Pure. */
export function describeFigure(figure: Figure): string {
  const { title, unit, ours, rival, wants, notes } = figure
  const [mine, theirs] = [median(ours.values), median(rival.values)]
  const width = Math.max(ours.name.length, rival.name.length)
  const line = ({ name, values }: Samples) =>
    `  ${name.padEnd(width)}  median ${digits(median(values))} ${unit}   raw ${values.map(digits).join(' ')}`
  const difference = mine - theirs
  return [
    `${title}: ${digits(mine)} ${unit}`,
    line(ours),
    line(rival),
    `  ratio ${(mine / theirs).toFixed(2)}   difference ${difference < 0 ? '' : '+'}${digits(difference)} ${unit}`,
    ...wants.map((want) => `  wanted ${want.text}: ${want.holds(mine, theirs) ? 'yes' : 'MISSED'}`),
    ...notes.map((note) => `  ${note}`),
  ].join('\n')
}
