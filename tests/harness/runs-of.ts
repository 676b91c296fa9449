import type { Play } from '@ramet/model/api/wire.ts'
import { inMachine } from './in-machine.ts'
import type { TestServer } from './server.ts'

/** Starts, uses and destroys runs of one playground on this server. Each waits until the run is where it is to be. `playground`: its name, once there is one. */
export function runsOf(server: TestServer, playground: () => string) {
  const plays = async () => (await server.client()).plays
  const reached = (id: string, state: Play['state']) => server.reached(id, state)
  return {
    plays,
    reached,
    async start(how = {}): Promise<Play> {
      const { id } = await (await plays()).start({ playground: playground(), ...how })
      return reached(id, 'RUNNING')
    },
    async destroy(id: string): Promise<void> {
      await (await plays()).destroy(id)
      await reached(id, 'DESTROYED')
    },
    /** In the run's first machine, if no other is named. */
    inGuest: (id: string, command: string, machine?: string) => inMachine(server, id, machine, command),
  }
}
