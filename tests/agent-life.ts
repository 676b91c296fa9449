import assert from 'node:assert/strict'
import type { Agent } from './harness/connect-agent.ts'

/** What an agent does with tools alone: list, start, run, write, branch, clone live, compare, keep one, stop, restart, destroy. `files`: a folder in the machine. */
export async function agentLife(
  { client, call }: Agent,
  { playground, files }: { playground: string; files: string },
): Promise<void> {
  const { tools } = await client.listTools()
  assert.ok(tools.length > 15)
  for (const { name, description, inputSchema } of tools) {
    assert.ok(description && description.length > 20, name)
    assert.equal(inputSchema.type, 'object', name)
  }
  const { playgrounds } = await call('list_playgrounds')
  assert.ok(playgrounds.some(({ name }: { name: string }) => name === playground))

  const told: string[] = []
  const run = await call('start_play', { playground, title: 'An agent’s', wait_seconds: 100 }, (message) => told.push(message))
  const play_id = run.play_id as string
  assert.deepEqual([run.reached, run.state, run.machines[0].ready], [true, 'RUNNING', true])
  assert.ok(told.length > 0, 'what is under way was told')

  const hello = await call('run_shell_command', { play_id, command: 'echo hello && uname -r' })
  assert.equal(hello.exit_code, 0)
  assert.match(hello.stdout, /^hello\n\d+\.\d+/)
  const path = `${files}/notes`
  await call('write_file', { play_id, path, content: 'the bug is in line 7\n', user: 'root' })
  assert.deepEqual(await call('read_file', { play_id, path, user: 'root' }), { text: 'the bug is in line 7\n', bytes: 21 })

  const { clones } = await call('clone_play', { play_id, count: 2, live: true, wait_seconds: 100 })
  const [a, b] = clones.map((clone: { play_id: string }) => clone.play_id) as [string, string]
  assert.ok(clones.every(({ reached }: { reached: boolean }) => reached))
  const same = await call('compare_plays', { play_ids: [play_id, a, b], command: `cat ${path}`, user: 'root' })
  assert.equal(same.all_the_same, true)
  await call('write_file', { play_id: b, path, content: 'it is in line 8\n', user: 'root' })
  const { all_the_same, groups } = await call('compare_plays', {
    play_ids: [play_id, a, b],
    command: `cat ${path}`,
    user: 'root',
  })
  assert.equal(all_the_same, false)
  assert.deepEqual(
    groups.map((group: { play_ids: string[] }) => group.play_ids),
    [[play_id, a], [b]],
  )

  const { branches } = await call('branch_play', {
    play_id,
    commands: [`cat ${path}`, 'exit 3'],
    user: 'root',
    timeout_seconds: 100,
  })
  assert.deepEqual(
    branches.map(({ exit_code, stdout }: { exit_code: number; stdout: string }) => [exit_code, stdout]),
    [
      [0, 'the bug is in line 7\n'],
      [3, ''],
    ],
  )
  const others = branches.map((branch: { play_id: string }) => branch.play_id)
  assert.equal((await call('stop_play', { play_id: a, wait_seconds: 100 })).state, 'STOPPED')
  await assert.rejects(call('run_shell_command', { play_id: a, command: 'true' }), /action_refused/)
  for (const id of [play_id, a, b, ...others]) {
    await call('destroy_play', { play_id: id })
    assert.equal((await call('wait_for_play', { play_id: id, until: 'destroyed', wait_seconds: 100 })).reached, true)
  }
}
