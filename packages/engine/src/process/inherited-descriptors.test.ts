import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { openSync } from 'node:fs'
import { test } from 'node:test'

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
