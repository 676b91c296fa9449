import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { testCache } from '../testing/test-vm.ts'
import { hostTool } from '../vmm/qemu/host-tools.ts'
import { jailCommandLine } from '../vmm/qemu/jail-command-line.ts'
import { findHierarchies } from './hierarchies.ts'
import { linuxCgroups } from './linux-cgroups.ts'

const hierarchies = await findHierarchies()
const groups = linuxCgroups(hierarchies)
const limits = { name: 'r7e57-b', memoryBytes: 64 * 1024 ** 2, cpuWeight: 50, cpuPercent: 50, tasks: 20 }
const skip = hierarchies.length === 0 ? 'this host has no control groups that can be made' : false
const has = (controller: 'memory' | 'pids') => hierarchies.some((each) => each.controllers.includes(controller))

const root = await mkdtemp(join(tmpdir(), 'rt-root-'))
const jailer = await hostTool(testCache, 'jail')
const inside = (argv: readonly [string, ...string[]]) => {
  const jail = {
    uid: 1_900_000_001,
    root,
    groups: groups.groups(limits.name),
    system: ['/usr', '/lib', '/lib64'],
    devices: ['null'],
  }
  const [program, ...args] = jailCommandLine(jailer, jail, argv)
  return spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
}

after(async () => {
  await groups.remove(limits.name)
  await rm(root, { recursive: true })
})

const groupPids = async () =>
  (await readFile(join(groups.groups(limits.name)[0] ?? '', 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean)

test('a program is in its groups from its first moment on', { skip }, async () => {
  assert.equal(await groups.ready(limits), false)
  await groups.make(limits)
  assert.equal(await groups.ready(limits), true)
  const child = inside(['dash', '-c', 'echo up; read word'])
  try {
    await once(child.stdout, 'data')
    for (const pid of await groupPids()) {
      const said = await readFile(`/proc/${pid}/cgroup`, 'utf8')
      assert.equal(said.split('\n').filter((line) => line.endsWith(`:/${limits.name}`)).length, hierarchies.length, said)
    }
    // The program, who keeps it, and who holds its pids.
    assert.equal((await groupPids()).length, 3)
  } finally {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
})

test('memory and processes beyond the limits are refused', {
  skip: skip || (has('memory') && has('pids') ? false : 'no such limits on this host'),
}, async () => {
  const hog = inside(['perl', '-e', 'my $x = "x" x 200_000_000; print length $x'])
  const [code, signal] = (await once(hog, 'close')) as [number | null, string | null]
  assert.ok(code !== 0 && signal === 'SIGKILL', `${code} ${signal}`)
  const deadline = Date.now() + 10_000
  const counted = join(hierarchies.find((each) => each.controllers.includes('pids'))?.root ?? '', limits.name, 'pids.current')
  while ((await readFile(counted, 'utf8')).trim() !== '0') assert.ok(Date.now() < deadline, 'what held its pids ends with it')
  const forks = inside([
    'perl',
    '-e',
    'my $n = 0; for (1..50) { my $p = fork; if (!defined $p) { last } if ($p == 0) { sleep 20; exit } $n++ } $| = 1; print $n; sleep 20',
  ])
  let said = ''
  forks.stdout.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  await groups.make(limits)
  await once(forks.stdout, 'data')
  assert.equal(Number(said), 17)
})

test('what is still in a group ends with it, and removal may be repeated', { skip }, async () => {
  const child = inside(['sleep', '60'])
  const group = join(groups.groups(limits.name)[0] ?? '', 'cgroup.procs')
  while ((await readFile(group, 'utf8')) === '') if (child.exitCode !== null) throw new Error('it never ran')
  assert.deepEqual(await groups.list('7e57'), [limits.name])
  await groups.remove(limits.name)
  await groups.remove(limits.name)
  assert.deepEqual(await groups.list('7e57'), [])
  for (const { root } of hierarchies) assert.ok(!(await readdir(root)).includes(limits.name))
})
