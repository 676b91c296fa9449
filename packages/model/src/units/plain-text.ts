import { z } from 'zod'
import { unwritable } from './visible-text.ts'

/**
 * The one cleaner of what people write: every text of a request or a manifest that is for people is one of these. Emoji, joiners and every script pass;
 * what would steer the reader's terminal or eye is refused, and told by number, name and place.
 */

/** One line, such as a title. Of at least one character it must have something to see. */
export const lineSchema = (least: number, most: number) =>
  z
    .string()
    .min(least, `must have at least ${least} character${least === 1 ? '' : 's'}`)
    .max(most, `must have at most ${most} characters`)
    .superRefine((text, context) => {
      const found = unwritable(text, 'line')
      if (found !== undefined) {
        const message = `must be one line without control characters and overrides of the direction of text; there is ${found}`
        context.addIssue({ code: 'custom', message })
      } else if (least > 0 && text.length >= least && !/[^\p{Separator}\p{Format}\p{Mark}\u115f\u1160\u3164\uffa0]/u.test(text)) {
        context.addIssue({ code: 'custom', message: 'must have a character that can be seen' })
      }
    })

/** Text of several lines, such as a description. The line ends of Windows become ours. */
export const linesSchema = (most: number, least = 0) =>
  z
    .string()
    .min(least, `must have at least ${least} character${least === 1 ? '' : 's'}`)
    .max(most, `must have at most ${most} characters`)
    .overwrite((text) => text.replaceAll('\r\n', '\n'))
    .superRefine((text, context) => {
      const found = unwritable(text, 'lines')
      if (found === undefined) return
      const message = `must have no control characters and overrides of the direction of text; there is ${found}`
      context.addIssue({ code: 'custom', message })
    })

/** A word for programs: visible characters of ASCII. */
export const wordSchema = (most: number) =>
  z
    .string()
    .max(most, `must have at most ${most} characters`)
    .regex(/^[!-~]*$/, 'must be one word of letters, digits and signs of ASCII')
