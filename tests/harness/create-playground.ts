import type { CreatePlayground } from '@ramet/model/api/wire.ts'
import type { TestServer } from './server.ts'

/** Creates a playground that is its owner's alone, with machines of any name. Returns its name. */
export async function createPlayground(
  server: Pick<TestServer, 'client'>,
  spec: Omit<CreatePlayground, 'base' | 'accessControl'>,
): Promise<string> {
  const accessControl = { canList: ['owner'], canRead: ['owner'], canStart: ['owner'] }
  return (await (await server.client()).playgrounds.create({ base: 'flexbox', accessControl, ...spec })).name
}

/** A machine of a manifest with the user root and a root drive of Debian; `more` has what else it has, or has otherwise. */
export const debianMachine = <T extends object>(name: string, more?: T) => ({
  name,
  users: [{ name: 'root' }],
  drives: [{ source: 'debian-stable', mount: '/' }],
  ...more,
})
