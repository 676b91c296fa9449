import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchAbility } from './ability.ts'

const pace = { everyMs: 5, againMs: 1, answerMs: 100, missed: 2 }
const noRoom = 'the machine has no room for a process (Resource temporarily unavailable)'

/** Asks with these answers, the last of them for ever, until there were so many changes. */
async function changes(
  answers: (string | undefined)[],
  count: number,
  isUnknown = async () => false,
): Promise<(string | undefined)[]> {
  const over = new AbortController()
  const seen: (string | undefined)[] = []
  let at = 0
  let asked = 0
  const countLook = () => {
    asked += 1
    if (asked > 50) over.abort()
  }
  await watchAbility({
    pace,
    isUnknown: async () => {
      countLook()
      return isUnknown()
    },
    whyNoCommand: async () => {
      countLook()
      const answer = answers[at]
      at = Math.min(at + 1, answers.length - 1)
      return answer
    },
    changed: (why) => {
      seen.push(why)
      if (seen.length === count) over.abort()
    },
    signal: over.signal,
  })
  return seen
}

test('a guest that twice could start nothing is unable, with its reason, until it can again', async () => {
  assert.deepEqual(await changes([undefined, noRoom, noRoom, noRoom, undefined], 2), [
    `it can start no command: ${noRoom}.`,
    undefined,
  ])
})

test('one failure says nothing, nor does any while the machine stands still or is silent', async () => {
  assert.deepEqual(await changes([noRoom, undefined, noRoom, undefined], 1), [])
  assert.deepEqual(await changes([noRoom], 1, async () => true), [])
})
