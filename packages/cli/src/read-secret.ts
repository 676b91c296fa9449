import { text } from 'node:stream/consumers'
import { createOutput } from './output.ts'

/** Asks for a line without showing it on a terminal; elsewhere all of standard input is it. */
export async function readSecret(question: string): Promise<string> {
  const { stdin } = process
  if (!stdin.isTTY) return text(stdin)
  createOutput().note(question)
  stdin.setRawMode(true)
  let typed = ''
  try {
    for await (const bytes of stdin as AsyncIterable<Buffer>) {
      for (const character of bytes.toString()) {
        if (character === '\r' || character === '\n' || character === '\x04') return typed
        if (character === '\x03') process.exit(130)
        typed = character === '\x7f' || character === '\b' ? typed.slice(0, -1) : typed + character
      }
    }
    return typed
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
  }
}
