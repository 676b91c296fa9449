import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { packPython } from '../scripts/packing/pack-python.ts'
import { testFolder } from '../scripts/testing/test-folders.ts'
import { finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']).status === 0

/** A wheel is imported as it is: Python reads modules from zip archives. */
describe('the Python client', { concurrency: false, skip: !hasPython && 'there is no Python here' }, () => {
  const server = new TestServer({ fake: true })
  const folder = testFolder('w')
  before(() => server.start())
  after(async () => {
    await server.dispose()
    await rm(folder, { recursive: true, force: true })
  })

  test('starts, runs, clones, stops and destroys, and tells what was refused', { timeout: 120_000 }, async () => {
    const wheel = await packPython(folder)
    const program = `
from ramet import Ramet, RametError
ramet = Ramet(${JSON.stringify(server.endpoint)}, ${JSON.stringify(await server.token())}, timeout=60)
run = ramet.start("debian", title="From Python")
assert run["state"] == "RUNNING" and run["title"] == "From Python", run
print(ramet.exec(run["id"], ["uname", "-r"]).stdout.strip())
failed = ramet.exec(run["id"], "exit 3", user="root")
assert failed.exit_code == 3, failed
big = "x" * 700000
assert ramet.exec(run["id"], ["cat"], input=big).stdout == big
a, b = ramet.clone(run["id"], live=True, count=2)
assert a["state"] == b["state"] == "RUNNING"
assert ramet.stop(a["id"])["state"] == "STOPPED"
for each in (run, a, b):
    ramet.destroy(each["id"])
try:
    ramet.start("no-such-thing")
except RametError as refused:
    print(refused.status, refused.code)
`
    const { code, stdout, stderr } = await finish(['python3', '-c', program], { env: { PYTHONPATH: wheel }, timeoutMs: 100_000 })
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '6.1.0-fake\n404 not_found\n')
  })
})
