import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type ProbeOptions, probeAccelerator } from './accelerator.ts'

/** A host whose QEMU is a script. It counts its starts. */
async function hostWith(t: TestContext, qemu: string) {
  const folder = await mkdtemp(join(tmpdir(), 'accelerator-'))
  t.after(() => rm(folder, { recursive: true }))
  const program = join(folder, 'qemu')
  const device = join(folder, 'kvm')
  await writeFile(device, '')
  const becomes = async (script: string) => {
    await writeFile(program, `#!/bin/sh\necho start >> ${folder}/starts\n${script}\n`)
    await chmod(program, 0o755)
  }
  await becomes(qemu)
  const options: ProbeOptions = {
    choice: 'auto',
    kernel: '/kernel',
    initrd: '/initrd',
    qemu: program,
    device,
    cacheFile: join(folder, 'accelerator.json'),
    patience: { silentMs: 1500, allMs: 6000 },
  }
  const starts = async () => (await readFile(join(folder, 'starts'), 'utf8').catch(() => '')).split('\n').length - 1
  const probe = (more: Partial<ProbeOptions> = {}) => probeAccelerator({ ...options, ...more })
  return { folder, device, options, becomes, starts, probe }
}

const boots = 'echo "ramet: boot 1"; exec sleep 60'
const hangs = 'echo "Linux version"; exec sleep 60'

test('a guest that boots slowly, printing all the time, has KVM, and is not tried again on this boot of the host', async (t) => {
  const { probe, starts } = await hostWith(t, `for second in 1 2 3 4 5 6; do echo line; sleep 0.5; done; ${boots}`)
  assert.equal((await probe()).accelerator, 'kvm')
  assert.equal((await probe()).accelerator, 'kvm')
  assert.equal(await starts(), 1)
  await probe({ kernel: '/another' })
  assert.equal(await starts(), 2, 'another kernel pack is another guest')
})

test('one that stands still has not, and is tried again an hour later', async (t) => {
  const { probe, starts, options } = await hostWith(t, hangs)
  const found = await probe()
  assert.equal(found.accelerator, 'tcg')
  assert.match(found.reason, /stood still/)
  assert.match(found.hint ?? '', /nested.*RAMET_ACCELERATOR=kvm/)
  await probe()
  assert.equal(await starts(), 1)
  const kept = JSON.parse(await readFile(options.cacheFile, 'utf8'))
  await writeFile(options.cacheFile, JSON.stringify({ ...kept, at: kept.at - 3_700_000 }))
  await probe()
  assert.equal(await starts(), 2)
})

test('one that prints without end and never comes to its init is given up', async (t) => {
  const { probe } = await hostWith(t, 'while :; do echo line; sleep 0.2; done')
  assert.match((await probe({ patience: { silentMs: 1500, allMs: 2000 } })).reason, /stood still/)
})

test('a QEMU that ends or is missing tells nothing of KVM, and nothing is kept', async (t) => {
  const { probe, options } = await hostWith(t, 'exit 1')
  assert.match((await probe()).reason, /QEMU ended/)
  assert.match((await probe({ qemu: '/nowhere/qemu' })).reason, /QEMU ended/)
  await assert.rejects(access(options.cacheFile))
})

test('a device that is gone, or cannot be opened any more, wins over what was seen before', async (t) => {
  const { probe, device, starts } = await hostWith(t, boots)
  assert.equal((await probe()).accelerator, 'kvm')
  await rm(device)
  const gone = await probe()
  assert.equal(gone.accelerator, 'tcg')
  assert.match(gone.reason, /There is no /)
  assert.match(gone.hint ?? '', /load kvm_intel or kvm_amd/)
  // What opening a device without its driver brings.
  const server = createServer().listen(device)
  await once(server, 'listening')
  assert.match((await probe()).reason, /cannot be opened \(ENXIO\)/)
  server.close()
  assert.equal(await starts(), 1)
})

test('what was chosen is taken without a trial; KVM that cannot be opened is refused', async (t) => {
  const { probe, device, starts } = await hostWith(t, hangs)
  assert.equal((await probe({ choice: 'tcg' })).accelerator, 'tcg')
  assert.equal((await probe({ choice: 'kvm' })).accelerator, 'kvm')
  assert.equal(await starts(), 0)
  await rm(device)
  await assert.rejects(probe({ choice: 'kvm' }), { code: 'kvm_unusable', message: /There is no / })
})

test('a server that is killed meanwhile takes QEMU along, and nothing is kept', async (t) => {
  const { folder, options } = await hostWith(t, `echo $$ > "$0.pid"; ${hangs}`)
  const program = `
    import { probeAccelerator } from ${JSON.stringify(import.meta.resolve('./accelerator.ts'))}
    await probeAccelerator(${JSON.stringify({ ...options, patience: { silentMs: 60_000, allMs: 60_000 } })})`
  const server = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], { stdio: 'ignore' })
  const pid = await waitFor(async () => Number(await readFile(join(folder, 'qemu.pid'), 'utf8').catch(() => '')) || undefined)
  server.kill('SIGKILL')
  await waitFor(async () => (await isThere(pid)) === false || undefined)
  await assert.rejects(access(options.cacheFile))
})

const isThere = (pid: number) =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  )

async function waitFor<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 30_000; ; await delay(20)) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error('waited 30 s in vain')
  }
}
