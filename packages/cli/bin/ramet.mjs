#!/usr/bin/env node
// Plain JavaScript, since it may be started by the machine's own Node 20: it goes on under the locked Node 24.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = join(dirname(fileURLToPath(import.meta.url)), '../src/main.ts')
if (Number(process.versions.node.split('.')[0]) >= 24) {
  await import(main)
} else {
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64'
  const node = fileURLToPath(import.meta.resolve(`node-linux-${arch}/bin/node`))
  const ran = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
  if (ran.error) throw ran.error
  if (ran.signal) process.kill(process.pid, ran.signal)
  process.exitCode = ran.status ?? 1
}
