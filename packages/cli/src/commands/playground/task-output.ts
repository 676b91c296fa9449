import { setTimeout as delay } from 'node:timers/promises'
import type { PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { unknownTask } from '@ramet/model/errors/errors.ts'
import { isTaskOver, taskStatus, taskStatusWord } from '@ramet/model/run/task-state.ts'
import type { Command } from 'commander'
import { interruptible, type Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** A task's output is read from its machine every two seconds. */
const lookEveryMs = 1000

/** `ramet playground task output` */
export function addTaskOutput(parent: Command, open: Open): void {
  parent
    .command('output')
    .description(
      'What a task printed, so far or last. Its errors go to standard error, with its hint and the reason of a failure.',
    )
    .argument('<run>', runArgument)
    .argument('<task>', 'name of the task; see: ramet playground tasks RUN')
    .option('-f, --follow', 'print it as it comes, until the task has ended; exits 1 when it failed')
    .action(async (name: string, taskName: string, { follow = false }: { follow?: boolean }) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      const read = async (): Promise<PlayTaskDetails> => {
        const tasks = await client.plays.tasks(id)
        const task = tasks.find((each) => each.name === taskName)
        if (!task)
          throw unknownTask(
            taskName,
            tasks.map((each) => each.name),
          )
        return task
      }
      const printed = { stdout: '', stderr: '' }
      const print = (task: PlayTaskDetails) => {
        const [more, complaint] = [added(printed.stdout, task.stdout), added(printed.stderr, task.stderr)]
        if (more.trim() !== '') out.content(more)
        if (complaint.trim() !== '') out.note(complaint.replace(/\n$/, ''))
        Object.assign(printed, { stdout: task.stdout, stderr: task.stderr })
      }
      let task = await read()
      print(task)
      if (follow)
        await interruptible(`The task ${taskName} goes on without this command.`, async (signal) => {
          while (!isTaskOver(task.status)) {
            await delay(lookEveryMs, undefined, { signal })
            task = await read()
            print(task)
          }
        })
      for (const line of [...(task.hintcheckStdout ?? []), ...(task.hintcheckStderr ?? [])]) out.note(`hint: ${line}`)
      const exit = task.exitCode === undefined ? '' : ` (exit status ${task.exitCode})`
      out.note(`The task ${taskName} is ${taskStatusWord(task.status)}${exit}. ${task.reason ?? ''}`.trimEnd())
      if (follow && task.status === taskStatus.failed) process.exitCode = 1
    })
}

/** What came since. Output is only added to, but for that of another try, and for a middle that is left out in the end. */
const added = (before: string, now: string): string => (now.startsWith(before) ? now.slice(before.length) : now)
