import assert from 'node:assert/strict'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { tellMachine } from './harness/in-machine.ts'
import { vmProcesses } from './harness/leftovers.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const manifest = `
kind: playground
base: flexbox
title: Tasks and drives
playground:
  networks: [{ name: lan, subnet: 10.10.0.0/24 }]
  machines:
    - name: a
      users: [{ name: root }, { name: laborant }]
      drives: [{ source: debian-stable, mount: /, size: 20GiB, partitioned: mbr }]
      network: { interfaces: [{ network: lan }] }
    - name: b
      users: [{ name: root }]
      drives:
        - { source: debian-stable, mount: /, size: 3GiB, partitioned: gpt }
        - { size: 2GiB, mount: /data }
        - { size: 200MiB }
        - { source: debian-stable, mount: /image, readOnly: true }
        - { source: debian-stable, mount: /other, size: 4GiB }
      startupFiles: [{ path: /root/once, content: "as the manifest says" }]
      network: { interfaces: [{ network: lan }] }
    - name: c
      users: [{ name: root }]
      drives: [{ source: debian-stable, mount: /, size: 3GiB }]
      network: { interfaces: [{ network: lan }] }
      resources: { ramSize: 256MiB }
  initConditions: { values: [{ key: tls, default: "off", options: ["on", "off"] }] }
  initTasks:
    seed: { machine: b, run: "echo seeded > /data/seed" }
    check: { machine: a, needs: [seed], user: laborant, run: "echo $BASH_VERSION | cut -c1; id -un; echo careful >&2" }
    tls: { machine: c, conditions: [{ key: tls, value: "on" }], run: "touch /root/must-not-be" }
    fails: { machine: a, needs: [tls], run: "echo before; [ -e /var/mended ] || { echo the reason >&2; exit 3; }" }
    after-failure: { machine: c, needs: [fails], env: [SAID=x(.needs.check.stdout)], run: 'echo "$SAID" | tail -1' }
    hangs: { machine: a, timeout_seconds: 10, run: "[ -e /var/mended ] && exit; trap '' TERM; echo waiting; sleep 300" }
    slow: { machine: a, timeout_seconds: 300, run: "echo once >> /root/ran; until [ -e /root/go ]; do sleep 0.2; done; echo went on" }
    long: { machine: b, needs: [seed], timeout_seconds: 3000, run: "[ -e /var/mended ] || sleep 2000" }
    done: { init: false, machine: c, run: "[ -e /root/done ]", hintcheck: "echo touch /root/done; hostname" }
    beats: { helper: true, machine: a, user: laborant, run: "echo beat >> /tmp/beats" }
  accessControl: { canList: [owner], canRead: [owner], canStart: [owner] }
`

/** Real machines with tasks and drives of every kind. The tests build on each other, in order. */
describe('a run of several machines, with init tasks and drives', { concurrency: false }, () => {
  const server = new TestServer()
  const folder = testFolder('machines')
  let id = ''
  let copy = ''
  const inGuest = async (machine: string, command: string): Promise<string> => {
    const { code, stdout, stderr } = await tellMachine(server, id, machine, command, { user: 'root' })
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  const task = async (name: string) => {
    const found = (await (await server.client()).plays.tasks(id)).find((each) => each.name === name)
    assert.ok(found, `there is no task ${name}`)
    return found
  }
  const taskEnds = (name: string) =>
    until(
      `the task ${name} to end`,
      async () => {
        const now = await task(name)
        return (now.status === taskStatus.completed || now.status === taskStatus.failed) && now
      },
      120_000,
    )
  const machineIs = (name: string, state: string) =>
    until(
      `${name} to be ${state}`,
      async () =>
        (await (await server.client()).plays.get(id)).machines.find((machine) => machine.name === name)?.state === state,
      120_000,
    )

  before(async () => {
    await server.start()
    await writeFile(`${folder}/lab.yaml`, manifest)
  })
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true })
  })

  test('start without waiting for the tasks returns when all machines are ready', async () => {
    const name = (await server.ok('playground', 'create', 'tasks', '-b', 'flexbox', '-f', `${folder}/lab.yaml`, '-q')).trim()
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', name, '--skip-wait-init', '-q'], {
      timeoutMs: 900_000,
    })
    assert.equal(code, 0, stderr + server.output.slice(-3000))
    id = stdout.trim()
  })

  test('a task runs as its user, after what it needs on another machine, and keeps its output', async () => {
    const { status, exitCode, stdout, stderr } = await taskEnds('check')
    assert.deepEqual(
      { status, exitCode, stdout, stderr },
      { status: 40, exitCode: 0, stdout: '5\nlaborant\n', stderr: 'careful\n' },
    )
    assert.equal(await inGuest('b', 'cat /data/seed'), 'seeded')
  })

  test('what fails or takes too long is shown with its output, what needs it is blocked, and the run is usable', async () => {
    const failed = await taskEnds('fails')
    assert.deepEqual([failed.status, failed.exitCode, failed.stdout, failed.stderr], [35, 3, 'before\n', 'the reason\n'])
    const hung = await taskEnds('hangs')
    assert.deepEqual([hung.status, hung.exitCode, hung.stdout], [35, undefined, 'waiting\n'])
    assert.match(hung.reason ?? '', /longer than 10 s/)
    assert.equal((await task('after-failure')).status, taskStatus.blocked)
    assert.equal((await (await server.client()).plays.get(id)).state, 'RUNNING')
  })

  test('a task that runs when the server is killed goes on, is found again, and its end is read', async () => {
    assert.equal((await task('slow')).status, taskStatus.running)
    await server.kill()
    await server.start()
    await inGuest('a', 'touch /root/go')
    const { status, stdout } = await taskEnds('slow')
    assert.deepEqual([status, stdout], [40, 'went on\n'])
    assert.equal(await inGuest('a', 'cat /root/ran'), 'once')
  })

  test('a machine that is rebooted in the middle of a task comes back, and the task has failed', async () => {
    assert.equal((await task('long')).status, taskStatus.running)
    const boots = async () => Promise.all(['a', 'b'].map((name) => inGuest(name, 'cat /proc/sys/kernel/random/boot_id')))
    const [a, b] = await boots()
    await server.ok('playground', 'machine', 'reboot', id, 'b')
    const [aNow, bNow] = await boots()
    assert.equal(aNow, a)
    assert.notEqual(bNow, b)
    const { status, reason } = await taskEnds('long')
    assert.equal(status, taskStatus.failed)
    assert.match(reason ?? '', /rebooted/)
  })

  test('now that all tasks are over, waiting for them says that not all have completed', async () => {
    const { code, stdout } = await server.ramet(['playground', 'tasks', id, '--wait', '--timeout', '60s'])
    assert.equal(code, 2)
    assert.match(stdout, /^fails +a +init +failed +3 /m)
    assert.match(stdout, /^after-failure +c +init +blocked /m)
    assert.match(stdout, /^check +a +init +completed +0 /m)
    assert.match(stdout, /^done +c +regular +blocked /m)
    assert.doesNotMatch(stdout, /^tls /m)
  })

  test('tasks that failed are run again, and then checks and helpers begin', async () => {
    await Promise.all(['a', 'b'].map((name) => inGuest(name, 'touch /var/mended')))
    for (const name of ['fails', 'hangs', 'long']) await server.ok('playground', 'task', 'retry', id, name, '-q')
    const last = await taskEnds('after-failure')
    assert.deepEqual([last.status, last.stdout], [taskStatus.completed, 'laborant\n'])
    await until(
      'the hint of the check',
      async () => (await task('done')).hintcheckStdout?.join(' ') === 'touch /root/done c',
      60_000,
    )
    await until('the helper to work', async () => (await inGuest('a', 'cat /tmp/beats || true')).includes('beat\nbeat'), 60_000)
    await inGuest('c', 'touch /root/done')
    const { status, exitCode } = await taskEnds('done')
    assert.deepEqual([status, exitCode], [taskStatus.completed, 0])
    assert.equal((await task('beats')).status, taskStatus.running)
    assert.equal((await server.ramet(['playground', 'tasks', id, '--wait', '--timeout', '60s'])).code, 0)
    assert.equal(await inGuest('c', 'ls /root/must-not-be 2>/dev/null || true'), '')
  })

  test('drives have the sizes of the manifest, in its order, mounted or raw', async () => {
    const serials = 'for d in a b c d e; do cat /sys/block/vd$d/serial; echo; done'
    assert.deepEqual(
      (await inGuest('b', serials)).split('\n').filter(Boolean),
      [0, 1, 2, 3, 4].map((n) => `drive-${n}`),
    )
    const bytes = (await inGuest('b', 'for d in a b c e; do echo $(($(cat /sys/block/vd$d/size) * 512)); done')).split('\n')
    assert.deepEqual(
      bytes.map(Number),
      [3 * 1024, 2 * 1024, 200, 4 * 1024].map((mib) => mib * 1024 ** 2),
    )
    const sizes = (await inGuest('b', 'df -k --output=size / /data /other | tail -n +2')).split('\n').map(Number)
    for (const [at, gib] of [3, 2, 4].entries())
      assert.ok((sizes[at] ?? 0) > gib * 0.9 * 1024 ** 2, `${sizes[at]} KiB of ${gib} GiB: a filesystem fills its drive`)
    assert.equal(await inGuest('b', 'head -c 1M /dev/vdc | tr -d "\\0" | wc -c'), '0', 'a raw drive begins empty')
    assert.match(await inGuest('b', 'ls /image/etc/debian_version; touch /image/x 2>&1 || true'), /Read-only file system/)
    const kilobytes = Number(await inGuest('a', 'df -k --output=size / | tail -1'))
    assert.ok(kilobytes > 18 * 1024 ** 2, `${kilobytes} KiB`)
  })

  test('a root drive may be partitioned, as MBR or GPT, and its partition and filesystem fill it', async () => {
    const table = 'sfdisk -d /dev/vda | grep ^label:; findmnt -no SOURCE /; sfdisk -V /dev/vda 2>&1 | grep -ic warning || true'
    assert.equal(await inGuest('a', table), 'label: dos\n/dev/vda1\n0')
    assert.equal(await inGuest('b', table), 'label: gpt\n/dev/vda1\n0')
  })

  test('a machine is stopped and restarted alone; a partitioned raw drive keeps its data, also as GPT', async () => {
    await inGuest(
      'b',
      'echo ",,L" | sfdisk -q --label dos /dev/vdc && udevadm settle && mkfs.ext4 -q /dev/vdc1 && mount /dev/vdc1 /mnt && echo kept > /mnt/file && umount /mnt',
    )
    const boot = await inGuest('a', 'cat /proc/sys/kernel/random/boot_id')
    await server.ok('playground', 'machine', 'stop', id, 'b')
    assert.equal((await vmProcesses(server.home, id)).length, 2)
    const refused = await server.ramet(['playground', 'machine', 'reboot', id, 'b'])
    assert.match(refused.stderr, /action_refused.*\n.*restarted/)
    await server.ok('playground', 'machine', 'restart', id, 'b')
    assert.equal(await inGuest('a', 'cat /proc/sys/kernel/random/boot_id'), boot)
    assert.equal(await inGuest('b', 'sfdisk -d /dev/vdc | grep ^label:; cat /data/seed'), 'label: dos\nseeded')
    // A GPT needs its second copy's room at the end, which the MBR gave to the partition.
    await inGuest(
      'b',
      'e2fsck -fp /dev/vdc1 >/dev/null && resize2fs /dev/vdc1 100M 2>/dev/null && echo ",100M" | sfdisk -q --no-reread -N 1 /dev/vdc',
    )
    await inGuest(
      'b',
      'sgdisk -g /dev/vdc >/dev/null && partprobe /dev/vdc 2>/dev/null; udevadm settle; sfdisk -d /dev/vdc | grep -q "label: gpt"',
    )
    assert.equal(await inGuest('b', 'mount /dev/vdc1 /mnt && cat /mnt/file && umount /mnt'), 'kept')
  })

  const bootOf = (machine: string) => inGuest(machine, 'cat /proc/sys/kernel/random/boot_id')
  const rebootInside = async (machine: string) => {
    const before = await bootOf(machine)
    await tellMachine(server, id, machine, 'systemctl reboot', { user: 'root' }).catch(() => {})
    await until(`${machine} to boot anew`, async () => (await bootOf(machine).catch(() => before)) !== before, 120_000)
  }
  const machines = async () => {
    const { stdout, stderr } = await server.ramet(['playground', 'machines', id])
    return stdout + stderr
  }

  test('packages of kernels and headers can be installed, and what is added to the modules of this kernel stays', async () => {
    const files = 'p/DEBIAN p/lib/modules/6.1.0-99-amd64/kernel p/lib/modules/$(uname -r)/updates'
    const about = 'Package: linux-image-99\\nVersion: 1\\nArchitecture: all\\nMaintainer: n <n@n>\\nDescription: d\\n'
    await inGuest('b', `cd /tmp && mkdir -p ${files} && printf "${about}" > p/DEBIAN/control`)
    await inGuest(
      'b',
      'cd /tmp && for folder in p/lib/modules/*/*; do touch $folder/x.ko; done && ln -s /usr/src p/lib/modules/$(uname -r)/build',
    )
    await inGuest('b', 'cd /tmp && dpkg-deb -b p p.deb && dpkg -i p.deb && depmod && modprobe dummy')
  })

  test('a data drive that is damaged is left alone at the next boot, which repeats nothing of the first one, and that is shown', async () => {
    const backup = () => inGuest('b', 'dumpe2fs -h -o superblock=32768 -o blocksize=4096 /dev/vdb 2>/dev/null | grep UUID')
    const before = await backup()
    await inGuest('b', 'rm /var/lib/ramet-lineage && echo mine > /root/once')
    await inGuest('b', 'umount /other && e2fsck -fp /dev/vde >/dev/null; resize2fs /dev/vde 2G 2>/dev/null')
    await inGuest('b', 'umount /data && dd if=/dev/zero of=/dev/vdb bs=1M count=2 conv=fsync 2>/dev/null')
    await rebootInside('b')
    assert.equal(await inGuest('b', 'head -c 2M /dev/vdb | tr -d "\\0" | wc -c'), '0', 'nothing was written to it')
    assert.equal(await backup(), before)
    assert.equal(await inGuest('b', 'findmnt -n /data || true'), '')
    assert.equal(await inGuest('b', 'cat /root/once'), 'mine', 'a startup file is made once')
    assert.ok(Number(await inGuest('b', 'df -k --output=size /other | tail -1')) < 2 * 1024 ** 2, 'a filesystem is grown once')
    const shown = /b: The drive vdb cannot be mounted at \/data and is left as it is/
    await until('that to be shown', async () => shown.test(await machines()))
    const modules = await inGuest('b', 'ls -d /lib/modules/6.1.0-99-amd64 && cd /lib/modules/$(uname -r) && ls updates')
    assert.equal(modules, '/lib/modules/6.1.0-99-amd64\nx.ko')
    await inGuest('b', 'mkfs.ext4 -q /dev/vdb && mount /dev/vdb /mnt && echo seeded > /mnt/seed && umount /mnt')
    await rebootInside('b')
    assert.equal(await inGuest('b', 'cat /data/seed'), 'seeded')
    await until('it to be shown no more', async () => !shown.test(await machines()))
  })

  test('the root drive of a machine is converted from MBR to GPT, and it boots', async () => {
    await inGuest('a', 'sgdisk -g /dev/vda >/dev/null && sync')
    await rebootInside('a')
    assert.equal(
      await inGuest('a', 'sfdisk -d /dev/vda | grep ^label:; findmnt -no SOURCE /; cat /root/ran'),
      'label: gpt\n/dev/vda1\nonce',
    )
  })

  test('deleted files give their space back on the host', async () => {
    const drives = `${server.home}/runs/${id}/drives`
    const used = async () => {
      const files = (await readdir(drives)).filter((name) => /^b-0|^1-0/.test(name))
      assert.ok(files.length > 0, (await readdir(drives)).join(' '))
      const sizes = await Promise.all(files.map(async (name) => (await stat(`${drives}/${name}`)).blocks * 512))
      return sizes.reduce((sum, each) => sum + each, 0) / 2 ** 20
    }
    await inGuest('b', 'sync')
    const before = await used()
    await inGuest('b', 'head -c 200M /dev/urandom > /root/big && sync')
    const full = await used()
    assert.ok(full > before + 190, `${before} MiB, then ${full}`)
    await inGuest('b', 'rm /root/big && sync')
    await until('the space to be given back', async () => (await used()) < before + 20, 60_000)
  })

  test('one crashed machine shows as such while the run goes on, and is restarted alone', async () => {
    const [pid] = await vmProcesses(server.home, `${id}/initrd-1`)
    assert.ok(pid, 'b has a process')
    process.kill(pid, 'SIGKILL')
    await machineIs('b', 'FAILED')
    const play = await (await server.client()).plays.get(id)
    assert.equal(play.state, 'RUNNING')
    assert.match(play.status.machines[1]?.conditions[0]?.message ?? '', /b was ended from outside/)
    assert.equal(await inGuest('a', 'echo still here'), 'still here')
    await server.ok('playground', 'machine', 'restart', id, 'b')
    assert.equal(await inGuest('b', 'cat /data/seed'), 'seeded')
  })

  test('when its last machine is switched off a run is STOPPED, and its restart starts all machines and repeats no task', async () => {
    await Promise.all(['a', 'b'].map((name) => server.ok('playground', 'machine', 'stop', id, name)))
    await server.ok('playground', 'machine', 'stop', id, 'c')
    assert.equal((await task('beats')).status, taskStatus.created)
    const client = await server.client()
    await until('the run to be STOPPED', async () => (await client.plays.get(id)).state === 'STOPPED')
    copy = (await server.ok('playground', 'clone', id, '-q')).trim()
    const ranAt = async () => [(await task('fails')).lastRunAt, (await task('done')).lastRunAt]
    const before = await ranAt()
    await server.ok('playground', 'restart', id, '-q')
    await until('the helper to go on', async () => (await task('beats')).status === taskStatus.running, 60_000)
    assert.deepEqual(await ranAt(), before)
    assert.equal(await inGuest('a', 'cat /root/ran'), 'once')
    assert.equal(await inGuest('b', 'cat /data/seed /root/once; ls /root'), 'seeded\nmine\nonce')
    const fsck = await server.ramet(['fsck'])
    assert.equal(fsck.code, 0, fsck.stdout + fsck.stderr)
  })

  test('a machine whose table is destroyed says so on its console and can be switched off; a clone from before boots', async () => {
    await inGuest('a', 'dd if=/dev/zero of=/dev/vda bs=512 count=34 conv=fsync 2>/dev/null')
    // Its init refuses to reboot while it is still starting.
    const reboot = 'systemctl is-system-running --wait >/dev/null; systemctl reboot'
    const rebootIt = () => tellMachine(server, id, 'a', reboot, { user: 'root' }).catch(() => {})
    await rebootIt()
    // One that was refused is asked for again; a machine that reboots answers nobody.
    const again = setInterval(() => void rebootIt(), 30_000)
    const saysWhy = /the root drive \/dev\/vda has no partition with a root/
    const consoleOfA = () => server.ok('playground', 'machine', 'console', id, 'a')
    await until('the console to say what is wrong', async () => saysWhy.test(await consoleOfA()), 180_000)
      .catch(async (error) => {
        assert.fail(`${error}: ${(await consoleOfA()).slice(-1500)}`)
      })
      .finally(() => clearInterval(again))
    const why = /a: It cannot boot: the root drive \/dev\/vda has no partition with a root.*machine console/
    const machines = async () => (await server.ramet(['playground', 'machines', id])).stderr
    await until('that to be shown at the machine', async () => why.test(await machines()), 60_000)
    await server.ok('playground', 'machine', 'stop', id, 'a')
    await server.ok('playground', 'stop', id, '--power-off', '-q')
  })

  test('a run with a broken root says so within seconds of its start, and stays on where there is a shell to mend it', async () => {
    const began = performance.now()
    const { code, stderr } = await server.ramet(['playground', 'restart', id])
    assert.notEqual(code, 0)
    assert.match(stderr, /a is on and does not answer: It cannot boot: the root drive \/dev\/vda has no partition with a root/)
    assert.ok(performance.now() - began < 100_000, `${performance.now() - began} ms`)
    assert.equal(await inGuest('b', 'cat /data/seed'), 'seeded')
  })

  test('a machine whose init is none says so when it is rebooted; a clone from before boots', async () => {
    await inGuest('b', 'rm /sbin/init && echo junk > /sbin/init && chmod 755 /sbin/init && sync')
    await server.ok('playground', 'machine', 'stop', id, 'b')
    const { code, stderr } = await server.ramet(['playground', 'machine', 'restart', id, 'b'])
    assert.notEqual(code, 0)
    assert.match(
      stderr,
      /annot boot: its kernel panicked \(Attempted to kill init!.*, after it said: switch_root: can't execute '\/sbin\/init'/,
    )
    // What does not answer would be waited for.
    await server.ok('playground', 'destroy', id, '-q')
    id = copy
    await server.ok('playground', 'restart', id, '-q')
    assert.equal(await inGuest('a', 'sfdisk -d /dev/vda | grep ^label:; cat /root/ran'), 'label: gpt\nonce')
  })
})
