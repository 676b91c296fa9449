import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { debianBase } from '../recipes/debian-stable.ts'
import { finish } from './debian-root.ts'

test('units and generators that an image does without are masked, and udev is told at boot of the devices that it has rules for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-root-'))
  try {
    await mkdir(join(folder, 'etc/systemd/system'), { recursive: true })
    await writeFile(join(folder, 'etc/resolv.conf'), 'nameserver 192.0.2.1\n')
    await finish(debianBase, folder)
    for (const unit of debianBase.masked)
      assert.equal(await readlink(join(folder, 'etc/systemd/system', unit)), '/dev/null', unit)
    for (const generator of debianBase.maskedGenerators)
      assert.equal(await readlink(join(folder, 'etc/systemd/system-generators', generator)), '/dev/null', generator)
    const trigger = await readFile(join(folder, 'etc/systemd/system/systemd-udev-trigger.service.d/playground.conf'), 'utf8')
    assert.match(
      trigger,
      /^\[Service\]\nExecStart=\nExecStart=-udevadm trigger .*--subsystem-match=block .*--subsystem-match=net\n$/,
    )
    await assert.rejects(readFile(join(folder, 'etc/resolv.conf')), { code: 'ENOENT' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
