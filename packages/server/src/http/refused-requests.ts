import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { requestTooSlow } from '@ramet/model/errors/errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerRaw, lingerMs } from './raw-answers.ts'

/** Ends the connection soon after a refusal if the body is still on its way: what arrives until then is thrown away unparsed. */
export function closeWhileSending(request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  if (raw.complete !== false || !reply.raw.once) return
  reply.raw.once('finish', () => destroyLate(raw))
}

function destroyLate(raw: IncomingMessage): void {
  const { socket } = raw
  setTimeout(() => {
    if (!raw.complete) socket.destroy()
  }, lingerMs)
}

/** Answers 408 when the body has not arrived in time. */
export function boundArrival({ raw }: FastifyRequest, withinMs: number): void {
  if (raw.complete !== false) return
  const late = setTimeout(() => {
    if (!raw.complete) answerRaw(raw.socket as Duplex, requestTooSlow())
  }, withinMs)
  late.unref()
  raw.once('end', () => clearTimeout(late))
  raw.once('close', () => clearTimeout(late))
}
