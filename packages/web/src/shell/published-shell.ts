import { ask, type Connection } from '@ramet/client/http.ts'
import { MachineStream } from '@ramet/client/machine-stream.ts'
import type { Shell } from '@ramet/model/api/ports.ts'
import type { Size } from '../terminal/shell-link.ts'

export type ShellAbout = Pick<Shell, 'machine' | 'user' | 'access'>

/** The shell's own host. Its cookie goes along by itself. */
const connection: Connection = { endpoint: location.origin, token: undefined, fetch: (...request) => fetch(...request) }

export const aboutShell = () => ask<ShellAbout>(connection, 'GET', '/about')

export const openShell = ({ cols, rows }: Size): MachineStream =>
  new MachineStream(connection, `/terminal?cols=${cols}&rows=${rows}`, { explain: aboutShell })
