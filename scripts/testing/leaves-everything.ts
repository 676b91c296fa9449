import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { finish } from '../../tests/harness/processes.ts'
import { TestServer } from '../../tests/harness/server.ts'

/** Not a test of its own: `test-root.system.test.ts` has `npm test` run it, and ends that. It makes one thing of each kind that tests make on the host, and never ends. */
test('everything is there, and nobody tidies up', async () => {
  const server = await new TestServer({ fake: true }).start()
  await server.ok('playground', 'start', 'debian', '-q')
  const { installation } = await (await server.client()).health()
  const name = `r${installation}-z`
  const folder = join(server.home, 'mounted')
  mkdirSync(folder)
  await finish(['mount', '-t', 'tmpfs', 'tmpfs', folder])
  await finish(['ip', 'netns', 'add', name])
  await finish(['ip', 'link', 'add', 'dev', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
  await finish(['nft', 'add', 'table', 'inet', name.replace('-', '_')])
  mkdirSync('/run/ramet/leases', { recursive: true })
  writeFileSync('/run/ramet/leases/198.19.255.224', `${installation} ${'e'.repeat(24)}\n`)
  writeFileSync(process.env.RAMET_TEST_READY ?? '', JSON.stringify({ installation, home: server.home }))
  await new Promise((resolve) => setTimeout(resolve, 2 ** 31 - 1))
})
