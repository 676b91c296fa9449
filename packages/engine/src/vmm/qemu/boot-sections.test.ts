import assert from 'node:assert/strict'
import { test } from 'node:test'
import { splitBoots as split } from './boot-sections.ts'

const splitBoots = (text: string) => split(Buffer.from(text)).map(String)

test('a boot begins at our init’s line where the kernel is quiet', () => {
  assert.deepEqual(splitBoots('ramet: boot a\none\nramet: boot b\ntwo\n'), ['ramet: boot a\none\n', 'ramet: boot b\ntwo\n'])
})

test('a boot begins at the kernel’s first line where it prints one', () => {
  const kernel = '[    0.000000] Linux version 6.1'
  assert.deepEqual(splitBoots(`${kernel}\nx\nramet: boot a\n${kernel}\nramet: boot b`), [
    `${kernel}\nx\nramet: boot a\n`,
    `${kernel}\nramet: boot b`,
  ])
})

test('what a quiet kernel complains of before our init says its line belongs to the same boot', () => {
  const early = '[    0.244211] PCI: Fatal: No config space access function found\r'
  const late = '[   61.244211] reboot: Restarting system\r'
  assert.deepEqual(splitBoots(`${early}\nramet: boot a\none\n${late}\n${early}\nramet: boot b\ntwo`), [
    `${early}\nramet: boot a\none\n${late}\n`,
    `${early}\nramet: boot b\ntwo`,
  ])
})

test('a log without any boot line is one section, an empty one none', () => {
  assert.deepEqual(splitBoots('firmware\n'), ['firmware\n'])
  assert.deepEqual(splitBoots('\n'), [])
})

test('the kernel’s first line is found behind what firmware left of the line, and its words elsewhere are none', () => {
  const kernel = '[    0.000000] Linux version 6.1\n'
  assert.deepEqual(splitBoots(`a\nBooting from ROM..${kernel}b\n[    1.000000] Linux version 6.1\nLinux version 6.1\n`), [
    'a\n',
    `Booting from ROM..${kernel}b\n[    1.000000] Linux version 6.1\nLinux version 6.1\n`,
  ])
})

test('whatever a guest prints, a full log is told apart in little time and into a bounded number of sections', () => {
  const bytes = 4 * 1024 * 1024
  const begun = performance.now()
  for (const pattern of [
    'ramet: boot \n',
    'Linux version ',
    '[    0.000000] Linux version \n',
    '[    0.5',
    '[    0.500000] \nramet: boot \n',
    '\n',
  ])
    assert.ok(splitBoots(pattern.repeat(bytes / pattern.length)).length <= 101)
  assert.ok(performance.now() - begun < 5_000, `${performance.now() - begun} ms`)
})
