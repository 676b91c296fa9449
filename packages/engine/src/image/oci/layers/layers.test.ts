import assert from 'node:assert/strict'
import { copyFile, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { run } from '../../../process/run-process.ts'
import { type TestEntry, tar } from '../../../testing/registry/tar-builder.ts'
import { digestOf } from '../../../testing/registry/test-image.ts'
import type { AddedText } from '../image-environment.ts'
import { type LayerLimits, layerLimits } from './limits.ts'
import { unpackLayers } from './unpack.ts'

const cacheFolder = process.env.RAMET_TEST_CACHE ?? '/var/cache/ramet-test'
const isRoot = process.getuid?.() === 0
const needsRoot = { skip: isRoot ? false : 'needs root' }

async function unpacked(
  t: TestContext,
  layers: readonly (readonly TestEntry[] | Buffer)[],
  limits: Partial<LayerLimits> = {},
  added: readonly AddedText[] = [],
) {
  const folder = await mkdtemp('/var/tmp/rt-layers-')
  t.after(() => rm(folder, { recursive: true, force: true }))
  const root = join(folder, 'root')
  await mkdir(root, { mode: 0o755 })
  const files = []
  for (const [at, layer] of layers.entries()) {
    const archive = Buffer.isBuffer(layer) ? layer : tar(layer as readonly TestEntry[])
    const blob = at % 2 === 0 ? gzipSync(archive) : zstdCompressSync(archive)
    const file = join(folder, `${at}`)
    await writeFile(file, blob)
    files.push({ file, digest: digestOf(blob), diffId: digestOf(archive) })
  }
  const tree = await unpackLayers({ cacheFolder, layers: files, folder: root, limits: { ...layerLimits, ...limits }, added })
  return { root, tree, files }
}

const names = async (folder: string) => (await readdir(folder)).toSorted()

test('names, modes, owners, times, links, pipes and the root’s own are as the layer says', needsRoot, async (t) => {
  const { root, tree } = await unpacked(t, [
    [
      { name: './', mode: 0o711, uid: 7, gid: 8, seconds: 1_000 },
      { name: './usr/', mode: 0o2755, seconds: 2_000 },
      { name: '/usr/set-id', content: 'x', mode: 0o6755, uid: 1, gid: 2, seconds: 3_000 },
      { name: 'usr/same', type: '1', linkName: './usr/set-id' },
      { name: 'bin', type: '2', linkName: 'usr/bin', uid: 5 },
      { name: 'usr/bin/' },
      { name: 'bin/sh', content: '#!', mode: 0o755 },
      { name: 'pipe', type: '6', mode: 0o620 },
      { name: 'short', pax: { path: `deep/${'n'.repeat(200)}`, mtime: '12.5', uid: '3000000' }, content: 'long' },
      { name: 'ümlaut', content: '' },
    ],
  ])
  const at = async (path: string) => {
    const { mode, uid, gid, mtimeMs, nlink } = await lstat(join(root, path))
    return [(mode & 0o7777).toString(8), uid, gid, mtimeMs, nlink]
  }
  assert.deepEqual((await at('.')).slice(0, 4), ['711', 7, 8, 1_000_000])
  assert.deepEqual((await at('usr')).slice(0, 4), ['2755', 0, 0, 2_000_000])
  assert.deepEqual(await at('usr/set-id'), ['6755', 1, 2, 3_000_000, 2])
  assert.equal(await readlink(join(root, 'bin')), 'usr/bin')
  assert.equal((await lstat(join(root, 'bin'))).uid, 5)
  assert.equal(await readFile(join(root, 'usr/bin/sh'), 'utf8'), '#!', 'a link among the parents is followed within the image')
  assert.ok((await lstat(join(root, 'pipe'))).isFIFO())
  assert.deepEqual((await at(`deep/${'n'.repeat(200)}`)).slice(0, 4), ['644', 3_000_000, 0, 12_500])
  assert.deepEqual(await names(root), ['bin', 'deep', 'pipe', 'usr', 'ümlaut'])
  assert.equal(tree.shell, '/bin/sh')
  assert.equal(tree.init, undefined)
})

test('capabilities, attributes and holes are there afterwards', needsRoot, async (t) => {
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex')
  const map = {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': 'sparse',
    'GNU.sparse.realsize': `${64 * 2 ** 20}`,
  }
  const head = Buffer.alloc(512)
  head.write(`2\n0\n4\n${64 * 2 ** 20 - 3}\n3\n`)
  const { root } = await unpacked(t, [
    [
      {
        name: 'ping',
        content: 'x',
        uid: 3,
        mode: 0o755,
        pax: {
          'SCHILY.xattr.security.capability': capability,
          'SCHILY.xattr.user.note': 'hi',
          'SCHILY.xattr.security.selinux': 'no',
        },
      },
      { name: 'GNUSparseFile.0/sparse', content: Buffer.concat([head, Buffer.from('headend')]), pax: map },
      { name: 'zeros', content: Buffer.alloc(2 ** 20) },
    ],
  ])
  const { stdout } = await run(['getfattr', '-h', '-d', '-m', '-', '-e', 'hex', 'ping'], { cwd: root })
  assert.deepEqual(stdout.trim().split('\n').slice(1).toSorted(), [
    `security.capability=0x${capability.toString('hex')}`,
    'user.note=0x6869',
  ])
  const sparse = await readFile(join(root, 'sparse'))
  assert.equal(sparse.length, 64 * 2 ** 20)
  assert.equal(sparse.toString('latin1', 0, 4), 'head')
  assert.equal(sparse.toString('latin1', sparse.length - 3), 'end')
  for (const name of ['sparse', 'zeros'])
    assert.ok((await stat(join(root, name))).blocks * 512 <= 16_384, `${name} has its holes`)
})

test('whiteouts and opaque folders take away what is below them, and nothing of their own layer', needsRoot, async (t) => {
  const { root } = await unpacked(t, [
    [
      { name: 'a/one', content: '1' },
      { name: 'a/two/deep', content: '2' },
      { name: 'b/old', content: '3' },
      { name: 'b/both', content: '4' },
      { name: 'c', content: '5' },
      { name: 'd/x', content: '6' },
      { name: 'link', type: '2', linkName: 'd' },
    ],
    [
      { name: 'a/.wh.two' },
      { name: 'a/.wh.none' },
      { name: 'b/new', content: 'n' },
      { name: 'b/both', content: 'b' },
      { name: 'b/.wh..wh..opq' },
      { name: 'c/', mode: 0o700 },
      { name: '.wh.d' },
      { name: 'd/y', content: 'y' },
      { name: '.wh..wh.plnk/' },
      { name: '.wh.link' },
    ],
  ])
  assert.deepEqual(await names(join(root, 'a')), ['one'])
  assert.deepEqual(await names(join(root, 'b')), ['both', 'new'])
  assert.equal(await readFile(join(root, 'b/both'), 'utf8'), 'b')
  assert.ok((await stat(join(root, 'c'))).isDirectory(), 'a folder takes the place of a file')
  assert.deepEqual(await names(join(root, 'd')), ['y'])
  assert.deepEqual(await names(root), ['a', 'b', 'c', 'd'])
})

test('links that lead out of the image lead into it, and the host is not touched', needsRoot, async (t) => {
  const outside = await mkdtemp('/var/tmp/rt-outside-')
  t.after(() => rm(outside, { recursive: true, force: true }))
  const { root } = await unpacked(t, [
    [
      { name: 'up', type: '2', linkName: '../../../../../..' },
      { name: 'abs', type: '2', linkName: outside },
      { name: `up/${outside.slice(1)}/a`, content: 'x' },
      { name: 'abs/b', content: 'x' },
    ],
    [{ name: 'abs/.wh.b' }],
  ])
  assert.deepEqual(await names(outside), [])
  assert.deepEqual(await names(join(root, outside)), ['a'])
})

for (const [what, layers, why, limits] of [
  [
    'a path that leads out',
    [[{ name: '../evil', content: 'x' }]],
    /Layer 1 of sha256:.*entry 1 \("\.\.\/evil"\): its path leads out/,
  ],
  ['a path that leads out in the middle', [[{ name: 'a/../../evil', content: 'x' }]], /leads out/],
  ['a hard link that leads out', [[{ name: 'l', type: '1', linkName: '../../etc/passwd' }]], /entry 1 \("l"\).*leads out/],
  [
    'a hard link to what is not there',
    [[{ name: 'l', type: '1', linkName: '/etc/passwd' }]],
    /Layer 1, entry 1 \(l\): hard link: No such file/,
  ],
  ['a character device', [[{ name: 'dev/null', type: '3' }]], /entry 1 \("dev\/null"\): it is a device/],
  ['a block device', [[{ name: 'ok' }, { name: 'sda', type: '4' }]], /entry 2 \("sda"\): it is a device/],
  [
    'a file below a file',
    [[{ name: 'f', content: '' }], [{ name: 'f/g', content: '' }]],
    /Layer 2, entry 1 \(f.*\): .*Not a directory/,
  ],
  ['a root that is a link', [[{ name: './', type: '2', linkName: '/etc' }]], /the root of an image must be a folder/],
  [
    'links in a circle',
    [
      [
        { name: 'a', type: '2', linkName: 'a' },
        { name: 'a/b', content: '' },
      ],
    ],
    /entry 2 \(a\/b\): .*Symbolic link loop/,
  ],
  ['a long path', [[{ name: 'x', pax: { path: 'a/'.repeat(3000) } }]], /its path has 6000 bytes/],
  ['a long name', [[{ name: 'x', pax: { path: 'a'.repeat(300) } }]], /more than 255/],
  ['many folders in folders', [[{ name: 'x', pax: { path: 'a/'.repeat(300) } }]], /300 folders deep/],
  ['big attributes', [[{ name: 'x', pax: { 'SCHILY.xattr.user.a': 'x'.repeat(5000) } }]], /extended attributes have \d+ bytes/],
  ['too many entries', [Array.from({ length: 11 }, (_, at) => ({ name: `f${at}` }))], /more than 10 entries/, { entries: 10 }],
  [
    'a bomb',
    [Array.from({ length: 8 }, (_, at) => ({ name: `zeros${at}`, content: Buffer.alloc(2 ** 18) }))],
    /unpacks to more than 1048576 bytes/,
    { unpackedBytes: 2 ** 20 },
  ],
  [
    'a file of holes',
    [[{ name: 's', pax: { 'GNU.sparse.map': '0,0', 'GNU.sparse.size': `${2 ** 50}` } }]],
    /it has \d+ bytes, and an image at most/,
  ],
  ['too many layers', [[], [], []], /3 layers, more than 2/, { layers: 2 }],
  ['what is no archive', [Buffer.alloc(2048, 'x')], /no tar header|no number/],
  [
    'an archive that ends early',
    [tar([{ name: 'f', content: 'x'.repeat(2000) }]).subarray(0, 1024)],
    /entry 1 \("f"\): the archive ends within/,
  ],
  ['a size that is none', [[{ name: 'x', pax: { size: '-1' } }]], /size is no number/],
] as const satisfies readonly (readonly [string, readonly (readonly TestEntry[] | Buffer)[], RegExp, Partial<LayerLimits>?])[]) {
  test(`${what} is refused with its place and reason`, needsRoot, async (t) => {
    await assert.rejects(unpacked(t, layers, limits ?? {}), (error: { code?: string; message: string }) => {
      assert.match(error.message, why)
      assert.equal(error.code, 'image_refused')
      return true
    })
  })
}

test('a layer that unpacks to something else than the image says is refused', needsRoot, async (t) => {
  const { files, root } = await unpacked(t, [[{ name: 'a', content: '' }]])
  const wrong = files.map((each) => ({ ...each, diffId: digestOf(Buffer.from('other')) }))
  const other = join(root, '..', 'other')
  await mkdir(other)
  await assert.rejects(unpackLayers({ cacheFolder, layers: wrong, folder: other }), {
    code: 'image_refused',
    message: /unpacks to sha256/,
  })
})

test(
  'busybox is an init where it has something to start; an image without one gets what its shells need',
  needsRoot,
  async (t) => {
    const added = [{ path: 'var/lib/ramet/x', text: 'added\n' }]
    const busybox: TestEntry[] = [
      { name: 'bin/busybox', content: 'x', mode: 0o755 },
      { name: 'bin/sh', type: '2', linkName: 'busybox' },
      { name: 'sbin/init', type: '2', linkName: '/bin/busybox' },
      { name: 'bin/init', type: '1', linkName: 'bin/busybox' },
    ]
    const inittab = (text: string): TestEntry => ({ name: 'etc/inittab', content: text })
    const openrc: TestEntry = { name: 'sbin/openrc', content: 'x', mode: 0o755 }
    const cases: [string, TestEntry[], string | undefined][] = [
      ['by name alone', [], undefined],
      ['with an inittab for what is not there', [inittab('# x\n::sysinit:/sbin/openrc sysinit\n::respawn:/bin/sh\n')], undefined],
      ['with an inittab for what is there', [inittab('::sysinit:-/sbin/openrc sysinit\n'), openrc], '/sbin/init'],
      ['with an inittab that only respawns', [inittab('::respawn:/bin/sh\n')], '/sbin/init'],
      ['with an empty inittab', [inittab('# ::sysinit:/bin/sh\n:::\n')], undefined],
      ['with its script', [{ name: 'etc/init.d/rcS', content: 'x', mode: 0o755 }], '/sbin/init'],
      ['beside systemd', [{ name: 'lib/systemd/systemd', content: 'x', mode: 0o755 }], '/lib/systemd/systemd'],
    ]
    for (const [what, entries, init] of cases) {
      const { root, tree } = await unpacked(t, [[...busybox, ...entries]], {}, added)
      assert.equal(tree.init, init, what)
      const text = await readFile(join(root, 'var/lib/ramet/x'), 'utf8').catch(() => undefined)
      assert.equal(text, init === undefined ? 'added\n' : undefined, what)
      // The boot decides it once more, by the same rules.
      const same = ['/sbin/init', '/lib/systemd/systemd', '/etc/init', '/bin/init']
      let found: string | undefined
      for (const each of same) found ??= (await startsSomething(root, each)) ? each : undefined
      assert.equal(found, init, `${what}, at boot`)
    }
  },
)

const startsSomethingScript = new URL('../../../guest/boot/initramfs/starts-something', import.meta.url)

/** The boot's script in the root, as the initramfs runs it. */
async function startsSomething(root: string, init: string): Promise<boolean> {
  await mkdir(join(root, 'run/ramet'), { recursive: true })
  await copyFile('/usr/bin/busybox', join(root, 'run/ramet/sh'))
  await copyFile(startsSomethingScript, join(root, 'run/ramet/starts-something'))
  const argv = ['chroot', root, '/run/ramet/sh', '/run/ramet/starts-something', init] as const
  return (await run(argv, { okCodes: [0, 1] })).code === 0
}
