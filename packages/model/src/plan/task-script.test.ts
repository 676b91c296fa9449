import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { outputsNeeded, taskScript } from './task-script.ts'

const outputs = new Map([['ask', { stdout: "it's $HOME\nand `more`\n\n", stderr: 'E\n' }]])
const runs = (script: string) => execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })

test('a shell gets variables as they were written, whatever is in them', () => {
  const env = ['A=1', 'B=two words', 'C=\'"$A`x`\\', 'D=', 'E=x=y', 'F=a\nb']
  assert.equal(
    runs(taskScript('printf "%s|" "$A" "$B" "$C" "$D" "$E" "$F"', env, new Map())),
    `1|two words|'"$A\`x\`\\||x=y|a\nb|`,
  )
})

test('the output of another task stands where it is asked for, without the ends of lines at its end, and is no code in a variable', () => {
  assert.equal(
    runs(taskScript('printf "%s" "$ASK"', ['ASK=<x(.needs.ask.stdout)> x(.needs.ask.stderr)'], outputs)),
    "<it's $HOME\nand `more`> E",
  )
  assert.equal(taskScript('echo x(.needs.ask.stderr) x(.needs.none.stdout) x(.input)', [], outputs), 'echo E  x(.input)')
  assert.deepEqual([...outputsNeeded(['x(.needs.ask.stdout) x(.needs.b-1.stderr)', 'x(.input)'])], ['ask', 'b-1'])
})

test('a script without variables is as it was', () => {
  assert.equal(taskScript('#!/bin/bash\necho', [], outputs), '#!/bin/bash\necho')
})
