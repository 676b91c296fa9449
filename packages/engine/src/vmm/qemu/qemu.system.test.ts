import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { qemuDisks } from '../../disk/qemu-disks.ts'
import { root } from '../../disk/vm-user.ts'
import type { GuestLink } from '../../guest/guest.ts'
import { realGuests } from '../../guest/guests.ts'
import { run } from '../../process/run-process.ts'
import { defaultUids } from '../../run/run-uids.ts'
import { namespaceOf, openFiles, processStatus, runInside } from '../../testing/inside-vm.ts'
import { forgetSettledSpec, makeSettledSpec } from '../../testing/settled-vm.ts'
import { makeTestSpec, startTestVm, testVmm } from '../../testing/test-vm.ts'
import { vmmConformance } from '../../testing/vmm-conformance.ts'
import type { Vm } from '../vmm.ts'
import { gone, identify } from './process.ts'
import { vmFiles } from './vm-files.ts'

const guests = realGuests()
const timeoutMs = 120_000

/** Until systemd-logind is there, a press of the power button is lost. */
async function untilBooted(link: GuestLink): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const { stdout } = await link.run('systemctl is-system-running')
    if (/running|degraded/.test(stdout)) return
    if (Date.now() > deadline) assert.fail(`the guest is ${stdout}`)
    await delay(200)
  }
}

async function throughLink(vm: Vm, look: (link: GuestLink) => Promise<void>): Promise<void> {
  const link = guests.link(vm)
  try {
    await link.ready(AbortSignal.timeout(timeoutMs))
    await look(link)
  } finally {
    link.close()
  }
}

after(forgetSettledSpec)

vmmConformance(async () => ({
  vmm: await testVmm(),
  timeoutMs,
  starter: { module: join(import.meta.dirname, '../../testing/test-vm.ts'), export: 'startTestVm' },
  makeSpec: makeTestSpec,
  makeSettledSpec,
  untilUp: (vm) => throughLink(vm, async () => {}),
  untilObedient: (vm) => throughLink(vm, untilBooted),
  async tell(vm, _, command) {
    if (command === 'crash') {
      process.kill(vm.pid, 'SIGABRT')
      return
    }
    const line = await guests.console(vm)
    // The root shell on the serial line: what it prints goes to the log whoever is connected. A guest that takes its time reads a few bytes at once, and what it has
    // not read when the connection ends is lost: so its echo is waited for.
    let echo = ''
    const heard = Promise.withResolvers<void>()
    line.on('data', (bytes: Buffer) => {
      echo += bytes.toString('latin1')
      if (echo.includes(command)) heard.resolve()
    })
    line.write(`${command}\n`)
    await Promise.race([heard.promise, delay(timeoutMs, undefined, { ref: false })])
    line.end()
  },
  async makeOverlay({ folder }) {
    const file = join(folder, `${randomUUID()}.qcow2`)
    await qemuDisks(root).makeOverlay(file, undefined, 20 * 1024 ** 3)
    return file
  },
  async dispose({ folder }) {
    await rm(folder, { recursive: true, force: true })
  },
}))

test('a VM does not start on a drive whose header names another file', async () => {
  const spec = await makeTestSpec()
  const source = spec.drives[0]?.source
  assert.ok(source?.kind === 'qcow2-chain')
  const secret = join(spec.folder, 'secret')
  // As a guest that has taken over its QEMU can write it.
  const data = `data_file=${secret},data_file_raw=on`
  await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', data, source.files[0], String(1024 ** 2)])
  await assert.rejects(startTestVm(spec), { code: 'drive_not_trusted' })
  await rm(spec.folder, { recursive: true, force: true })
})

test('a command whose channel is given up is hung up, with a terminal and without', async () => {
  const spec = await makeSettledSpec()
  const vm = await startTestVm(spec)
  await vm.goOn()
  const link = guests.link(vm)
  const isThere = async () => (await link.run("pgrep -fx 'sleep 4711'")).code === 0
  const until = async (wanted: boolean) => {
    const deadline = Date.now() + timeoutMs
    while ((await isThere()) !== wanted) {
      if (Date.now() > deadline) assert.fail(`the command is ${wanted ? 'not there' : 'still there'}`)
      await delay(50)
    }
  }
  try {
    await link.ready(AbortSignal.timeout(timeoutMs))
    for (const pty of [undefined, { term: 'xterm', cols: 80, rows: 24 }]) {
      const command = await link.exec('exec sleep 4711', pty ? { pty } : {})
      await until(true)
      command.close()
      await until(false)
    }
  } finally {
    link.close()
    await vm.kill()
    await rm(spec.folder, { recursive: true, force: true })
  }
})

test('a QEMU sees its own files, no other process and nothing of another run, and has no rights', async () => {
  const [one, other] = await Promise.all([makeSettledSpec(), makeSettledSpec()])
  const vm = await startTestVm(one)
  const neighbour = await startTestVm(other)
  let left = [vm, neighbour]
  const { startTime: started = '' } = (await identify(neighbour.pid)) ?? {}
  const overlay = join(one.folder, 'overlay.qcow2')
  const ram = one.resume?.ramFile ?? ''
  const inside = async (line: string) => {
    const { code, stdout, stderr } = await runInside(vm.pid, line)
    return code === 0 ? stdout.trim() : `failed: ${stderr.trim()}`
  }
  try {
    const status = await processStatus(vm.pid)
    const uid = Number(status.get('Uid')?.split('\t')[0])
    assert.ok(uid >= defaultUids.first)
    for (const ids of ['Uid', 'Gid']) assert.equal(status.get(ids), Array(4).fill(uid).join('\t'))
    assert.equal(status.get('Groups'), '')
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) assert.equal(status.get(set), '0'.repeat(16), set)
    assert.deepEqual([status.get('NoNewPrivs'), status.get('Seccomp')], ['1', '2'])
    assert.notEqual((await processStatus(neighbour.pid)).get('Uid'), status.get('Uid'))
    for (const kind of ['mnt', 'pid', 'ipc', 'uts'])
      assert.equal(
        new Set(await Promise.all([vm.pid, neighbour.pid, 'self' as const].map((pid) => namespaceOf(pid, kind)))).size,
        3,
        kind,
      )
    assert.deepEqual(
      (await readFile(`/proc/${vm.pid}/environ`, 'utf8'))
        .split('\0')
        .map((word) => word.split('=')[0])
        .toSorted(),
      ['', 'LC_ALL', 'LD_PRELOAD', 'PATH', 'RAM_FILE'],
    )

    // Files: those of its own drives, memory and kernel, and three devices. The folder of its overlay cannot even be listed.
    const drives = one.drives.flatMap(({ source }) => (source.kind === 'raw-file' ? [source.file] : source.files))
    const own = [...drives, one.kernel, one.initrd, ram, '/dev/null', '/dev/urandom', '/dev/zero']
    const seen = (
      await inside(
        'find / -path /usr -prune -o -path /lib -prune -o -path /lib64 -prune -o -not -type d -print 2>/dev/null; true',
      )
    ).split('\n')
    assert.ok(seen.length < 100, `${seen.length} files: ${seen.slice(0, 20)}`)
    const tool = seen.filter((file) => file.includes('/host-tools/'))
    assert.deepEqual(
      seen.filter((file) => !tool.includes(file)).toSorted(),
      [...new Set(own)].filter((file) => file !== overlay).toSorted(),
    )
    for (const path of ['/etc', '/home', '/root', '/proc', '/sys', '/run', other.folder])
      assert.match(await inside(`ls ${path}`), /No such file/, path)

    // Processes: of its own pids only, and no other can be named.
    assert.equal(await inside('echo $$').then((pid) => Number(pid) < 100), true)
    for (const pid of [neighbour.pid, vm.pid, process.pid]) assert.match(await inside(`kill -0 ${pid}`), /No such process/)

    // It writes its overlay and nothing else, and can make no name anywhere.
    assert.equal(await inside(`test -w ${overlay} && echo yes`), 'yes')
    for (const file of seen.filter((path) => path !== overlay && !path.startsWith('/dev/')))
      assert.match(await inside(`: >> ${file}`), /Permission denied|Read-only/, file)
    for (const folder of ['/', '/usr', '/dev', one.folder])
      assert.match(await inside(`: > ${folder}/made`), /Permission denied|Read-only/, folder)
    assert.match(await inside(`ln ${overlay} ${overlay}-2`), /denied|Read-only|not permitted/)
    const writable = (await openFiles(vm.pid)).filter(
      ({ file, access }) => access !== 0 && file.startsWith('/') && !file.startsWith('/dev/'),
    )
    assert.deepEqual(
      [...new Set(writable.map(({ file }) => file))].toSorted(),
      [overlay],
      'the logs are pipes, and the memory and the layers that others use are open for reading',
    )

    // How the other one ended is known though nobody looked.
    neighbour.release()
    left = [vm]
    process.kill(neighbour.pid, 'SIGABRT')
    assert.ok(await gone({ pid: neighbour.pid, startTime: started }, timeoutMs))
    assert.deepEqual(await (await testVmm()).find(other), { end: 'crashed' })
  } finally {
    for (const each of left) await each.kill()
    assert.equal((await stat(overlay)).uid, 0, 'at rest its files belong to root')
    assert.deepEqual(await readdir(vmFiles(one.folder).own), [])
    for (const { folder } of [one, other]) await rm(folder, { recursive: true, force: true })
  }
})
