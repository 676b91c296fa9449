import type { IncomingMessage } from 'node:http'
import type { RegistryLimits } from './limits.ts'

/** A body that came too slowly, too long or not whole. */
export class BodyFault extends Error {
  /** That the same may go well another time. */
  readonly mayPass: boolean

  constructor(message: string, mayPass: boolean) {
    super(message)
    this.name = 'BodyFault'
    this.mayPass = mayPass
  }
}

/** The pieces of a body, at most `most` bytes of it, at no less than the pace of the limits. Throws BodyFault. */
export async function* readBody(
  answer: IncomingMessage,
  most: number,
  { idleMs, paceMs, paceBytes }: RegistryLimits,
): AsyncGenerator<Buffer> {
  let bytes = 0
  let inWindow = 0
  let fault: BodyFault | undefined
  const give = (message: string) => {
    fault = new BodyFault(message, true)
    answer.destroy(fault)
  }
  const pace = setInterval(() => {
    if (inWindow < paceBytes) give(`it sends less than ${paceBytes} bytes in ${paceMs / 1000} s`)
    inWindow = 0
  }, paceMs)
  let idle = setTimeout(() => give(`it sends nothing for ${idleMs / 1000} s`), idleMs)
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      clearTimeout(idle)
      bytes += chunk.length
      inWindow += chunk.length
      if (bytes > most) throw new BodyFault(`it sends more than ${most} bytes`, false)
      yield chunk
      idle = setTimeout(() => give(`it sends nothing for ${idleMs / 1000} s`), idleMs)
    }
    if (!answer.complete) throw new BodyFault('it broke off', true)
  } catch (error) {
    if (error instanceof BodyFault) throw error
    throw fault ?? new BodyFault((error as Error).message === 'aborted' ? 'it broke off' : (error as Error).message, true)
  } finally {
    clearInterval(pace)
    clearTimeout(idle)
    answer.destroy()
  }
}

/** A small body as a whole. */
export async function wholeBody(answer: IncomingMessage, most: number, limits: RegistryLimits): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of readBody(answer, most, limits)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
