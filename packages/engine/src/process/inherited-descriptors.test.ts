import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { rootCertificates } from 'node:tls'

test('what a server was started with is closed, and its children have three streams and what they are given', () => {
  const module = (name: string) => JSON.stringify(import.meta.resolve(name))
  const script = `
    const { closeInheritedDescriptors } = await import(${module('./inherited-descriptors.ts')})
    const { run } = await import(${module('./run-process.ts')})
    const { open } = await import('node:fs/promises')
    closeInheritedDescriptors()
    const file = await open('/dev/null')
    const seen = async (files) => (await run(['sh', '-c', 'ls /proc/$$/fd'], { files })).stdout.trim().split('\\n')
    console.log(JSON.stringify([await seen([]), await seen([file])]))
    await file.close()`
  const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  // Far beyond those that Node looks at.
  const stdio = ['ignore', 'pipe', 'inherit', ...Array(96).fill('ignore'), openSync('/etc/passwd', 'r')]
  const { stdout } = spawnSync(process.execPath, argv, { stdio, encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout), [
    ['0', '1', '2'],
    ['0', '1', '2', '3'],
  ])
})

test('the file of NODE_EXTRA_CA_CERTS is not closed while Node still reads it', { timeout: 20_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rt-ca-'))
  // A pipe is as slow as its writer.
  const file = join(folder, 'ca.pem')
  spawnSync('mkfifo', [file])
  const script = `
    const { closeInheritedDescriptors } = await import(${JSON.stringify(import.meta.resolve('./inherited-descriptors.ts'))})
    const { getCACertificates } = await import('node:tls')
    closeInheritedDescriptors()
    console.log('closed')
    console.log(getCACertificates('extra').length)`
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    let told = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (told += chunk.toString()))
    const closed = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
    const pem = rootCertificates.slice(0, 2).join('\n')
    const writer = await open(file, 'w')
    await writer.write(pem.slice(0, 700))
    await Promise.race([closed, delay(2_000)])
    await writer.write(`${pem.slice(700)}\n`).catch(() => {})
    await writer.close()
    await ended
    assert.equal(told, 'closed\n2\n')
  } finally {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true })
  }
})
