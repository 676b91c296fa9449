import fc from 'fast-check'
import { stringify } from 'yaml'

/** Manifests for tests: valid ones of every field, and what becomes of them by a few small changes. */

const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 })
const size = fc.constantFrom('1GiB', '2Gi', '512M', '10GIB', '20 GiB', '1g', '1.5GiB', 4 * 1024 ** 3)
const label = fc.constantFrom('a', 'web', 'db-1', 'node-02', 'x9')
const text = fc.constantFrom('Hello', '🐙 welcome 👩‍💻', 'Größe', '-', 'two\nlines\n', '{"a": 1}', 'yes', '0x10')
const subnets = ['10.1.0.0/24', '10.2.0.0/16', '192.168.7.0/28', undefined]

const drive = fc.record({
  mount: some(fc.constantFrom('/data', '/var/lib/x', '/srv')),
  size,
  filesystem: some(fc.constant('ext4')),
})
const root = fc.record({
  source: fc.constant('debian-stable'),
  mount: fc.constant('/'),
  size: some(size),
  partitioned: some(fc.constantFrom('mbr', 'gpt')),
})

const machine = (name: string, networks: readonly string[]) =>
  fc.record({
    name: fc.constant(name),
    users: some(
      fc.uniqueArray(fc.record({ name: fc.constantFrom('root', 'laborant', 'bob'), welcome: some(text) }), {
        selector: (user) => user.name,
        maxLength: 3,
      }),
    ),
    kernel: some(fc.constantFrom<unknown>('6.1', 6.1, { source: '6.12' }, '')),
    backend: some(fc.constantFrom('firecracker', 'cloud-hypervisor')),
    drives: fc
      .tuple(root, fc.uniqueArray(drive, { selector: ({ mount }) => mount, maxLength: 2 }))
      .map(([first, others]) => [first, ...others]),
    network:
      networks.length === 0
        ? fc.constant(undefined)
        : some(fc.record({ interfaces: fc.subarray([...networks]).map((names) => names.map((network) => ({ network }))) })),
    resources: some(fc.record({ cpuCount: some(fc.constantFrom(1, 2, 64)), ramSize: some(size) })),
    startupFiles: some(
      fc.array(
        fc.record({
          path: fc.constantFrom('/etc/motd', '/opt/🐙'),
          content: text,
          append: some(fc.boolean()),
          owner: some(fc.constantFrom<unknown>('root', 'bob:users', 1000, '0:0')),
          mode: some(fc.constantFrom<unknown>('644', 755, '0o600')),
        }),
        { maxLength: 2 },
      ),
    ),
    noSSH: some(fc.boolean()),
  })

const initConditions = {
  values: [
    { key: 'cni', default: 'flannel', options: ['flannel', 'cilium'] },
    { key: 'note', nullable: true },
  ],
}

/** A document that is a good manifest, whose images are those of `bases.ts`. */
export const validManifest: fc.Arbitrary<Record<string, unknown>> = fc
  .tuple(fc.uniqueArray(label, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: subnets.length }))
  .chain(([names, count]) => {
    const networks = subnets
      .slice(0, count)
      .map((subnet, index) => ({ name: `lan-${index}`, ...(subnet === undefined ? {} : { subnet }) }))
    const taskNames = ['first', 'second', 'third']
    const task = (index: number) =>
      fc.record({
        machine: some(fc.constantFrom(...names)),
        run: text,
        init: some(fc.boolean()),
        helper: some(fc.boolean()),
        env: some(fc.constantFrom<unknown>(['A=1', 'B=x(.needs.first.stdout)'], { A: 1, B: 'two words' })),
        hintcheck: some(text),
        failcheck: some(text),
        user: some(fc.constantFrom('root', 'bob')),
        needs: some(fc.subarray(taskNames.slice(0, index))),
        timeout_seconds: some(fc.integer({ min: 1, max: 600 })),
        conditions: some(fc.constant([{ key: 'cni', value: 'cilium' }])),
      })
    return fc.record({
      kind: fc.constant('playground'),
      name: some(label),
      title: fc.constantFrom('A playground', '🐙🐙🐙🐙🐙🐙', 'Größe & Wert'),
      description: some(text),
      categories: some(fc.array(fc.constantFrom('linux', 'networking 🌐'), { maxLength: 2 })),
      markdown: some(text),
      playground: fc.record({
        networks: fc.constant(networks),
        machines: fc.tuple(
          ...names.map((name) =>
            machine(
              name,
              networks.map((net) => net.name),
            ),
          ),
        ),
        tabs: some(
          fc.array(
            fc.oneof(
              fc.record({ kind: fc.constant('terminal'), machine: fc.constantFrom(...names) }),
              fc.record({
                kind: fc.constant('http-port'),
                name: text.filter((name) => !name.includes('\n')),
                number: fc.integer({ min: 1, max: 65535 }),
              }),
            ),
            { maxLength: 3 },
          ),
        ),
        initTasks: some(fc.record({ first: task(0), second: task(1), third: task(2) })),
        initConditions: fc.constant(initConditions),
        accessControl: some(fc.constant({ canList: ['owner'], canRead: ['anyone'], canStart: ['authenticated'] })),
      }),
    })
  })

const strange = fc.constantFrom<unknown>(
  null,
  '',
  0,
  -1,
  1.5,
  'x',
  '🐙',
  [],
  {},
  true,
  'debian-stable',
  '10.1.0.0/24',
  '10.1.0.7',
  '1TiB',
  '/',
  'a',
  65536,
)
const change = fc.record({
  /** Chooses a place; as a share of all of them, so that a shorter document has one too. */
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  how: fc.constantFrom('delete', 'replace', 'twice', 'rename', 'add'),
  value: strange,
})

/** A good manifest with up to three places of it changed by chance, as YAML. */
export const mutatedManifest: fc.Arbitrary<string> = fc
  .tuple(validManifest, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([manifest, changes]) => {
    const document = JSON.parse(JSON.stringify(manifest))
    for (const { at, how, value } of changes) {
      const places = placesIn(document)
      const place = places[Math.floor(at * places.length)]
      if (place) mutate(place, how, value)
    }
    return stringify(document)
  })

interface Place {
  readonly parent: Record<string, unknown> | unknown[]
  readonly key: string | number
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const parent = value as Record<string, unknown>
  const keys: (string | number)[] = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap((key) => [{ parent, key }, ...placesIn(parent[key])])
}

function mutate({ parent, key }: Place, how: string, value: unknown): void {
  if (Array.isArray(parent)) {
    if (how === 'delete') parent.splice(Number(key), 1)
    else if (how === 'twice') parent.splice(Number(key), 0, structuredClone(parent[Number(key)]))
    else if (how === 'add') parent.push(value)
    else parent[Number(key)] = value
  } else if (how === 'rename' || how === 'twice') {
    parent[`${key}x`] = parent[key]
    if (how === 'rename') delete parent[key]
  } else if (how === 'delete') delete parent[key]
  else parent[how === 'add' ? 'extra' : key] = value
}
