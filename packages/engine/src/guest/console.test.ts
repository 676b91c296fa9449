import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { unixPort } from '../vmm/unix-port.ts'
import { openConsole } from './console.ts'

test('the console carries bytes both ways, ends with the VM, and is refused when the VM is off', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'console-'))
  const consoleSocket = join(folder, 'console.sock')
  const vm = createServer((socket) => socket.once('data', (typed) => socket.end(`login: ${typed}`)))
  try {
    await assert.rejects(openConsole({ ports: { console: unixPort(consoleSocket) } }), { code: 'machine_unreachable' })
    await new Promise<void>((resolve) => vm.listen(consoleSocket, resolve))
    const line = await openConsole({ ports: { console: unixPort(consoleSocket) } })
    line.write('root')
    assert.equal(await text(line), 'login: root')
  } finally {
    vm.close()
    await rm(folder, { recursive: true })
  }
})
