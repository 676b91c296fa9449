import { until } from '../tests/harness/processes.ts'
import type { TestServer } from '../tests/harness/server.ts'

/** Once nothing is built any more, which would disturb what is measured, and the accelerator is known. */
export async function ready(server: TestServer): Promise<'kvm' | 'tcg'> {
  const client = await server.client()
  const accelerator = await until(
    'images, web bundle and accelerator',
    async () => {
      const health = await client.health()
      return health.accelerator !== null && health.building.length === 0 && health.web && health.accelerator
    },
    1_200_000,
    500,
  )
  if (accelerator === 'fake') throw new Error('the server runs no real VMs')
  return accelerator
}
