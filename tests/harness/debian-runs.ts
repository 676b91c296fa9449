import type { Play } from '@ramet/model/api/wire.ts'
import { inMachine } from './in-machine.ts'
import type { TestServer } from './server.ts'

/** Starts, uses and destroys runs of the playground `debian` on this server. Each waits until the run is where it is to be. */
export function debianRuns(server: TestServer) {
  const plays = async () => (await server.client()).plays
  const reached = (id: string, state: Play['state']) => server.reached(id, state)
  return {
    plays,
    reached,
    async start(how = {}): Promise<Play> {
      const { id } = await (await plays()).start({ playground: 'debian', ...how })
      return reached(id, 'RUNNING')
    },
    async destroy(id: string): Promise<void> {
      await (await plays()).destroy(id)
      await reached(id, 'DESTROYED')
    },
    inGuest: (id: string, command: string) => inMachine(server, id, 'debian', command),
  }
}
