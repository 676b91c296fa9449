import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootFailureIn } from './boot-failure.ts'

const begin = 'ramet: boot 5f0e6d1c-0d3a-4b8e-9f61-0123456789ab\r\n'

test('a boot under way, or one that went well, is no failure', () => {
  for (const text of [
    '',
    begin,
    `${begin}[    2.1] EXT4-fs (vda): mounted\r\nroot@one:~# echo Kernel panic - not syncing: no\r\n`,
  ])
    assert.equal(bootFailureIn(text), undefined)
})

test('what the platform’s init says is the reason, and whether it left a shell', () => {
  const text = `${begin}ramet: this machine cannot boot: the root drive /dev/vda cannot be mounted\r\n`
  assert.deepEqual(bootFailureIn(text), { reason: 'the root drive /dev/vda cannot be mounted', hasShell: false })
  assert.equal(bootFailureIn(`${text}ramet: here is a shell\r\n~ # `)?.hasShell, true)
})

test('a kernel that panics says why, after the last words of what it was to run', () => {
  const text = `${begin}switch_root: can't execute '/sbin/init': Exec format error\r\n[    3.123456][    T1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\r\n[    3.2] CPU: 0\r\n`
  assert.deepEqual(bootFailureIn(text), {
    reason:
      "its kernel panicked (Attempted to kill init! exitcode=0x00000100), after it said: switch_root: can't execute '/sbin/init': Exec format error",
    hasShell: false,
  })
  assert.match(
    bootFailureIn('[    0.5] Kernel panic - not syncing: VFS: no root\n')?.reason ?? '',
    /^its kernel panicked \(VFS: no root\)$/,
  )
})

test('an initramfs of the machine’s own that stops at a shell is known by it, with its last complaint', () => {
  const debian =
    'Begin: Waiting for root file system ... done.\r\nALERT!  UUID=1234 does not exist.  Dropping to a shell!\r\n\r\n(initramfs) '
  assert.deepEqual(bootFailureIn(debian), {
    reason: 'its initramfs found no root to go on with (UUID=1234 does not exist.  Dropping to a shell!)',
    hasShell: true,
  })
  const fedora =
    'dracut-initqueue[314]: Warning: /dev/disk/by-uuid/1 does not exist\r\n\r\nEntering emergency mode. Exit the shell to continue.\r\n'
  assert.match(bootFailureIn(fedora)?.reason ?? '', /by-uuid\/1 does not exist\)$/)
})

test('bytes that steer a terminal come out as text, and no reason is long', () => {
  const reason = bootFailureIn(`ramet: this machine cannot boot: \u001b[31m${'x'.repeat(5000)}\n`)?.reason ?? ''
  assert.ok(!reason.includes('\u001b') && reason.length < 400, reason)
})
