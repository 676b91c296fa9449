import type { SavedForward } from '@ramet/model/api/ports.ts'
import { dnsLabelSchema } from '@ramet/model/units/names.ts'
import { InvalidArgumentError } from 'commander'

/** A port of this side that leads to one of a machine. `machine` undefined: the first of the run. */
export interface ForwardSpec {
  readonly machine: string | undefined
  /** 0: any free one. */
  readonly localPort: number
  readonly remotePort: number
}

/** `[MACHINE:]LOCAL:REMOTE`, or one port for both. Adds to those before it, as commander calls it for each. */
export function forwardSpec(text: string, before: readonly ForwardSpec[] = []): ForwardSpec[] {
  const parts = text.split(':')
  const machine = /\D/.test(parts[0] ?? '') ? parts.shift() : undefined
  const [local, remote = local, ...rest] = parts
  if (local === undefined || rest.length > 0 || (machine !== undefined && !dnsLabelSchema.safeParse(machine).success))
    throw new InvalidArgumentError('It looks like 8080:80, or web:8080:80 for another machine than the first.')
  return [...before, { machine, localPort: port(local, 0), remotePort: port(remote ?? '', 1) }]
}

/** For commander. */
export const portNumber = (text: string): number => port(text, 1)

/** Of the host; 0: any free one. */
export const hostPort = (text: string): number => port(text, 0)

function port(text: string, least: number): number {
  const number = Number(text)
  if (/^\d{1,5}$/.test(text) && number >= least && number <= 65535) return number
  throw new InvalidArgumentError(`A port is a number from ${least} to 65535.`)
}

/** What a run has saved, where this side can serve it. */
export const savedSpecs = (saved: readonly SavedForward[]): ForwardSpec[] =>
  saved.flatMap(({ kind, machine, localPort = 0, remotePort }) =>
    kind === 'local' && remotePort !== undefined ? [{ machine, localPort, remotePort }] : [],
  )
