import { createInterface } from 'node:readline/promises'
import { visibleLine } from '@ramet/model/units/visible-text.ts'
import { Interrupted } from './context.ts'

/** False: there is no terminal to ask on. */
export const canAsk = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks on the terminal; anything but yes, and the end of input, is no. `undone`: said when it is interrupted. */
export async function isYes(question: string, undone: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = new Promise<never>((_, reject) => lines.once('SIGINT', () => reject(new Interrupted(undone))))
  // Ctrl-d: no answer is no.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(`${visibleLine(question)} [y/N] `), closed, interrupted])).trim())
  } finally {
    lines.close()
  }
}
