import { ask, type Connection } from '@ramet/client/http.ts'
import { MachineStream } from '@ramet/client/machine-stream.ts'
import type { Shell } from '@ramet/model/api/ports.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import type { Size } from '../terminal/shell-link.ts'

export type ShellAbout = Pick<Shell, 'machine' | 'user' | 'access'>

/** The shell's own host. Its cookie goes along by itself. */
const connection: Connection = { endpoint: location.origin, token: undefined, fetch: (...request) => fetch(...request) }

export const aboutShell = () => ask<ShellAbout>(connection, 'GET', '/about')

export function openShell({ cols, rows }: Size): MachineStream {
  const stream = new MachineStream(connection, `/terminal?cols=${cols}&rows=${rows}`, { explain: aboutShell })
  stream.exit.catch((error: unknown) => {
    // What is served here then is the page that says where to sign in.
    if (error instanceof RametError && error.code === 'sign_in_needed') location.reload()
  })
  return stream
}
