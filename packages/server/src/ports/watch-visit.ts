import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { Ports } from '../services.ts'
import type { PublishedPortRow } from '../store/schema.ts'
import { admitVisitor, type Visitor, type VisitTools } from './port-visit.ts'

export interface WatchTools extends VisitTools {
  readonly ports: Pick<Ports, 'find' | 'whenRemoved'>
  readonly recheckMs: number
}

/** Calls `lost` when a visitor may go on no more: at once when his port is published no more, else when he is asked again. Returns the way to stop. */
export function watchVisit(
  tools: WatchTools,
  visitor: Visitor,
  { id, name }: PublishedPortRow,
  lost: (why: RametError) => void,
): () => void {
  const timer = setInterval(() => {
    admitVisitor(tools, visitor).catch((error: unknown) => {
      // A store that is busy for a moment ends no exchange.
      if (error instanceof RametError) lost(error)
    })
  }, tools.recheckMs).unref()
  const forget = tools.ports.whenRemoved(id, () => lost(notFound('published port or shell', name)))
  return () => {
    clearInterval(timer)
    forget()
  }
}
