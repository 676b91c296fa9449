import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { writeFileAtomically } from '../../disk/files.ts'
import { qemuDisks } from '../../disk/qemu-disks.ts'
import { ensureVmUser } from '../../disk/vm-user.ts'
import type { GuestLink, RunKeys } from '../../guest/guest.ts'
import { sshGuests } from '../../guest/guests.ts'
import { run } from '../../process/run-process.ts'
import { forgetSettledSpec, makeSettledSpec } from '../../testing/settled-vm.ts'
import { makeTestSpec, startTestVm, testVmm } from '../../testing/test-vm.ts'
import { vmmConformance } from '../../testing/vmm-conformance.ts'
import type { Vm } from '../vmm.ts'
import { vmFiles } from './vm-files.ts'

const guests = sshGuests()
const keysOf = new Map<string, RunKeys>()
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

async function throughLink(vm: Vm, runId: string, look: (link: GuestLink) => Promise<void>): Promise<void> {
  const keys = keysOf.get(runId)
  assert.ok(keys)
  const link = guests.link(vm, keys)
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
  async makeSpec() {
    const { spec, keys } = await makeTestSpec()
    keysOf.set(spec.runId, keys)
    return spec
  },
  async makeSettledSpec() {
    const { spec, keys } = await makeSettledSpec()
    keysOf.set(spec.runId, keys)
    return spec
  },
  untilUp: (vm, { runId }) => throughLink(vm, runId, async () => {}),
  untilObedient: (vm, { runId }) => throughLink(vm, runId, untilBooted),
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
    await qemuDisks(await ensureVmUser()).makeOverlay(file, undefined, 20 * 1024 ** 3)
    return file
  },
  async dispose({ folder }) {
    await rm(folder, { recursive: true, force: true })
  },
}))

test('a command whose channel is given up is hung up, with a terminal and without', async () => {
  const { spec, keys } = await makeSettledSpec()
  const vm = await startTestVm(spec)
  await vm.goOn()
  const link = guests.link(vm, keys)
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

test('the real OpenSSH client gets in over the virtio-serial port: exit status, pipes, a terminal, scp', async () => {
  const { spec, keys } = await makeSettledSpec()
  const vm = await startTestVm(spec)
  await vm.goOn()
  try {
    const link = guests.link(vm, keys)
    await link.ready(AbortSignal.timeout(timeoutMs))
    // The port carries one connection.
    link.close()
    const identity = join(spec.folder, 'identity')
    await writeFileAtomically(identity, keys.clientPrivate, 0o600)
    const known = join(spec.folder, 'known')
    await writeFileAtomically(known, `guest ${keys.hostPublic}\n`, 0o600)
    const options = [
      'ProxyCommand=socat - UNIX-CONNECT:%k',
      `UserKnownHostsFile=${known}`,
      'HostKeyAlias=guest',
      `IdentityFile=${identity}`,
    ]
    const common = [
      ...options.map((option) => `-o${option.replace('%k', vmFiles(spec.folder).guest)}`),
      '-oBatchMode=yes',
      '-oConnectTimeout=30',
    ]
    const ssh = (...command: string[]) =>
      run(['ssh', ...common, 'root@guest', ...command], { okCodes: [0, 7], stdin: 'through the pipe\n' })
    assert.equal((await ssh('exit 7')).code, 7)
    assert.equal((await ssh('cat')).stdout, 'through the pipe\n')
    // Its standard input ends at once, which must not hang the terminal up before the command has spoken.
    const inTerminal = await run(['ssh', ...common, '-tt', 'root@guest', 'test -t 0 && sleep 0.5 && echo a terminal; exit 7'], {
      okCodes: [7],
    })
    assert.match(inTerminal.stdout, /a terminal/)
    const copied = join(spec.folder, 'copied')
    await run(['scp', ...common, 'root@guest:/etc/os-release', copied])
    assert.match(await readFile(copied, 'utf8'), /Debian/)
  } finally {
    await vm.kill()
    await rm(spec.folder, { recursive: true, force: true })
  }
})
