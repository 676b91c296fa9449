import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type HostileRegistry, hostileRegistry, tar, testImage } from '@ramet/engine/testing'
import type { Play } from '@ramet/model/api/wire.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

interface Authored {
  readonly file: string
  /** Codes of what is warned of, in order of the alphabet. */
  readonly warnings: readonly string[]
  readonly machines: readonly string[]
  readonly tabs: readonly string[]
  readonly tasks: readonly string[]
}

const MiB = 2 ** 20

/** Manifests as their authors have them (`authored/`), and what is there when they are started. Written beside each other before the first of them ran. */
const manifests: readonly Authored[] = [
  {
    file: 'wireguard-hub.yaml',
    warnings: ['unknown_field', 'unknown_field', 'unknown_kernel'],
    machines: [
      'hub: 1 CPU, 512MiB; /=5120 MiB; wan=203.0.113.2; root*',
      'spoke-a: 1 CPU, 300MiB; /=2560 MiB; wan=203.0.113.1 office-a=192.168.10.1; root*',
      'spoke-b: 1 CPU, 300MiB; /=2048 MiB; office-b=192.168.20.254 wan=203.0.113.5; root*',
    ],
    tabs: ['terminal hub "Hub 🕳️"', 'terminal spoke-a', 'terminal spoke-b'],
    tasks: ['keys hub', 'up-a spoke-a', 'up-b spoke-b', 'ping hub'],
  },
  {
    file: 'raid-and-lvm.yaml',
    warnings: ['not_acted_on', 'root_drive_moved'],
    machines: [
      'storage: 2 CPU, 1GiB; /=7629.39453125 MiB raw=1024 MiB raw=1024 MiB raw=1536 MiB raw=512 MiB raw=95.36743259429932 MiB xfs=400 MiB /srv/data(btrfs)=1024 MiB /mnt/golden(read-only)=1024 MiB; local=172.16.0.2; laborant* root',
    ],
    tabs: ['terminal storage "storage"'],
    tasks: [],
  },
  {
    file: 'tabs-of-each-kind.yaml',
    warnings: ['not_acted_on', 'unknown_field'],
    machines: [
      'dev: 1 CPU, 512MiB; /=20480 MiB; local=172.16.0.2; laborant*',
      'vault: 1 CPU, 512MiB; /=20480 MiB; local=172.16.0.3; root*; closed',
    ],
    tabs: [
      'ide dev',
      'terminal dev',
      'terminal dev "№ 2" right',
      'http-port dev "API 🌍" 8443 tls api.example.com /v1/ public',
      'http-port vault "Vault" 8200',
      'web-page dev "Docs" https://example.com/docs?x=1#top',
      'kexp dev "Explorer"',
    ],
    tasks: [],
  },
  {
    file: 'startup-files.yaml',
    warnings: ['unknown_field'],
    machines: ['box: 1 CPU, 512MiB; /=1024 MiB; local=172.16.0.2; root dev* ops'],
    tabs: ['terminal box "box"'],
    tasks: [],
  },
  {
    file: 'conditions.yaml',
    warnings: [],
    machines: ['cplane-01', 'node-01', 'node-02'].map(
      (name, at) => `${name}: 1 CPU, 512MiB; /=20480 MiB; local=172.16.0.${at + 2}; root*`,
    ),
    tabs: ['terminal cplane-01 "cplane-01"', 'terminal node-01 "node-01"', 'terminal node-02 "node-02"'],
    tasks: [
      'init cplane-01',
      'flannel cplane-01',
      'certs cplane-01',
      'join-1 node-01',
      'join-2 node-02',
      'ready cplane-01',
      'verify_scaled cplane-01',
      'watch node-01',
    ],
  },
  {
    file: 'all-on-one-line.yaml',
    warnings: ['not_acted_on', 'unknown_kernel'],
    machines: ['a1: 1 CPU, 256MiB; /=1024 MiB; local=10.255.255.254; root*'],
    tabs: ['terminal a1 "a1"'],
    tasks: [],
  },
  {
    file: 'anchors.yaml',
    warnings: ['unknown_field'],
    machines: [
      'lb: 1 CPU, 256MiB; /=3072 MiB; front=10.1.0.2; root*',
      'web1: 1 CPU, 256MiB; /=3072 MiB; front=10.1.0.4 back=10.2.0.1; root*',
      'web2: 1 CPU, 256MiB; /=3072 MiB; front=10.1.0.5 back=10.2.0.3; root*',
      'web3: 1 CPU, 256MiB; /=3072 MiB; front=10.1.0.3 back=10.2.0.4; root*',
      'db: 1 CPU, 256MiB; /=3072 MiB /var/lib/postgresql(ext4)=20480 MiB; back=10.2.0.2; root*',
    ],
    tabs: ['lb', 'web1', 'web2', 'web3', 'db'].map((name) => `terminal ${name} "${name}"`),
    tasks: ['hosts lb', 'again lb'],
  },
  {
    file: 'legacy.yaml',
    warnings: ['unknown_machine'],
    machines: ['ubuntu-01: 1 CPU, 512MiB; /=20480 MiB; local=172.16.0.2; root laborant*'],
    tabs: ['terminal ubuntu-01 "ubuntu-01"'],
    tasks: [],
  },
  {
    file: 'tasks-galore.yaml',
    warnings: ['default_machine', 'default_machine'],
    machines: [
      'one: 1 CPU, 256MiB; /=1024 MiB; local=172.16.0.2; root*',
      'two: 1 CPU, 256MiB; /=1024 MiB; local=172.16.0.3; root*',
    ],
    tabs: ['terminal one "one"', 'terminal two "two"'],
    tasks: [
      'init_task_1 one',
      'init_task_2 two',
      'init_task_3 one',
      'init_task_4 two',
      'step_5 one',
      'no-machine one',
      'long two',
      'verify_1 one',
    ],
  },
  {
    file: 'shouting.yml',
    warnings: [],
    machines: [
      '2048: 1 CPU, 256MiB; /=999 MiB; lan-1=172.16.5.2 lan-2=172.16.6.2; root*',
      'gw: 1 CPU, 512MiB; /=19073.486328125 MiB; lan-2=172.16.6.1; root*',
    ],
    tabs: ['terminal 2048 "2048"', 'terminal gw "gw"'],
    tasks: [],
  },
]

describe('manifests of ten authors', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let registry: HostileRegistry

  before(async () => {
    registry = await hostileRegistry(testImage([tar([{ name: 'bin/sh', content: '#!', mode: 0o755 }])]), () => false)
    await writeFile(join(server.home, 'images.yaml'), `our-base: oci://${registry.host}/lab/base:latest\n`)
    await server.start({ RAMET_MEMORY: '64GiB' })
  })
  after(async () => {
    await server.dispose()
    await registry[Symbol.asyncDispose]()
  })

  for (const { file, warnings, machines, tabs, tasks } of manifests)
    test(`${file} is taken and starts with all that it says`, async () => {
      const written = join(server.home, file)
      const text = await readFile(new URL(`authored/${file}`, import.meta.url), 'utf8')
      await writeFile(written, text.replaceAll('REGISTRY', registry.host))
      const made = await server.ramet(['playground', 'create', '-f', written])
      assert.equal(made.code, 0, made.stderr)
      const codes = [...made.stderr.matchAll(/warning: .*\((\w+)\)$/gm)].map(([, code]) => code)
      assert.deepEqual(codes.toSorted(), warnings, made.stderr)
      const { plays } = await server.client()
      const { id } = await plays.start({ playground: made.stdout.trim() })
      const isUp = (play: Play) => play.state === 'RUNNING' && play.initTasksOver
      await until(`${file} to be up with its tasks over`, async () => {
        const { state, failure } = await plays.get(id)
        assert.notEqual(state, 'FAILED', failure?.message)
        return isUp(await plays.get(id))
      })
      const play = await plays.get(id)
      assert.deepEqual(play.machines.map(machineOf), machines)
      assert.deepEqual(play.tabs.map(tabOf), tabs)
      const planned = await plays.tasks(id)
      assert.deepEqual(
        planned.map((each) => `${each.name} ${each.machine}`),
        tasks,
      )
      await plays.destroy(id)
    })
})

function machineOf({ name, resources, drives, interfaces, users, noSSH }: Play['machines'][number]): string {
  const parts = drives.map(({ mount, filesystem, sizeBytes, readOnly }) => {
    const what =
      mount === '/' ? '/' : readOnly ? `${mount}(read-only)` : mount ? `${mount}(${filesystem})` : (filesystem ?? 'raw')
    return `${what}=${sizeBytes / MiB} MiB`
  })
  const addresses = interfaces.map(({ network, address }) => `${network}=${address}`)
  const people = users.map((user) => `${user.name}${user.default ? '*' : ''}`)
  const lists = [parts, addresses, people].map((list) => list.join(' '))
  return `${name}: ${resources.cpuCount} CPU, ${resources.ramSize}; ${lists.join('; ')}${noSSH ? '; closed' : ''}`
}

function tabOf({ kind, machine, name, number, tls, hostRewrite, pathRewrite, url, access, pane }: Play['tabs'][number]): string {
  const rest = [number, tls ? 'tls' : undefined, hostRewrite, pathRewrite, url, access, pane].filter((part) => part !== undefined)
  return [kind, machine, ...(name === undefined ? [] : [`"${name}"`]), ...rest].join(' ')
}
