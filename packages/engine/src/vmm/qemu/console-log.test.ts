import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitBoots } from './console-log.ts'

test('a boot begins at our init’s line where the kernel is quiet', () => {
  assert.deepEqual(splitBoots('ramet: boot a\none\nramet: boot b\ntwo\n'), ['ramet: boot a\none', 'ramet: boot b\ntwo\n'])
})

test('a boot begins at the kernel’s first line where it prints one', () => {
  const kernel = '[    0.000000] Linux version 6.1'
  assert.deepEqual(splitBoots(`${kernel}\nx\nramet: boot a\n${kernel}\nramet: boot b`), [
    `${kernel}\nx\nramet: boot a`,
    `${kernel}\nramet: boot b`,
  ])
})

test('what a quiet kernel complains of before our init says its line belongs to the same boot', () => {
  const early = '[    0.244211] PCI: Fatal: No config space access function found\r'
  const late = '[   61.244211] reboot: Restarting system\r'
  assert.deepEqual(splitBoots(`${early}\nramet: boot a\none\n${late}\n${early}\nramet: boot b\ntwo`), [
    `${early}\nramet: boot a\none\n${late}`,
    `${early}\nramet: boot b\ntwo`,
  ])
})

test('a log without any boot line is one section, an empty one none', () => {
  assert.deepEqual(splitBoots('firmware\n'), ['firmware\n'])
  assert.deepEqual(splitBoots('\n'), [])
})
