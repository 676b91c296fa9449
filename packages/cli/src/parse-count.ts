import { InvalidArgumentError } from 'commander'

/** A whole number from 1 to `most`, for commander. */
export const countUpTo =
  (most: number) =>
  (text: string): number => {
    const count = Number(text)
    if (/^\d+$/.test(text) && count >= 1 && count <= most) return count
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
  }
