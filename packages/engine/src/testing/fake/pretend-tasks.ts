import { type PretendMachine, PretendShell } from './pretend-shell.ts'

interface Task {
  readonly boot: string
  readonly stop: AbortController
  readonly ended: Promise<void>
  state: 'running' | 'exited' | 'timed-out' | 'lost'
  code: number
  tookMs: number
  out: string
  err: string
}

interface Answer {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What `keeper task` of a real guest does (native/task.c), with the pretend shell. Like files of a drive, it outlives boots. */
export class PretendTasks {
  readonly #machine: PretendMachine
  readonly #tasks = new Map<string, Task>()

  constructor(machine: PretendMachine) {
    this.#machine = machine
  }

  async call(
    [verb = '', name = '', user = '', seconds = '']: readonly string[],
    script: string,
    hungUp: AbortSignal,
  ): Promise<Answer> {
    if (verb === 'try') return this.#try(name, Number(user), script, hungUp)
    if (verb === 'start') return this.#start(name, user, Number(seconds), script)
    if (verb === 'wait') await this.#tasks.get(name)?.ended
    const task = this.#tasks.get(name)
    if (!task) return { code: 0, out: `absent - ${this.#machine.bootId} 0 0\n`, err: '' }
    const { state, boot, code, tookMs, out, err } = task
    return { code: 0, out: `${state} ${boot} ${this.#machine.bootId} ${code} ${tookMs}\n${out}`, err }
  }

  /** The boot ends, and with it what runs. */
  down(): void {
    for (const task of this.#tasks.values()) {
      if (task.state !== 'running') continue
      task.state = 'lost'
      task.stop.abort(new Error('the machine went down'))
    }
  }

  #start(name: string, user: string, seconds: number, script: string): Answer {
    if (!isUser(user)) return { code: 126, out: '', err: `There is no user ${user}.\n` }
    if (this.#tasks.get(name)?.boot === this.#machine.bootId) return { code: 0, out: '', err: '' }
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = new AbortController()
    const task = newTask(this.#machine.bootId, stop, promise)
    this.#tasks.set(name, task)
    void this.#run(task, user, seconds, script).finally(resolve)
    return { code: 0, out: '', err: '' }
  }

  /** `hungUp`: its caller is gone. */
  async #try(user: string, seconds: number, script: string, hungUp: AbortSignal): Promise<Answer> {
    if (!isUser(user)) return { code: 126, out: '', err: `There is no user ${user}.\n` }
    const stop = new AbortController()
    hungUp.addEventListener('abort', () => stop.abort(hungUp.reason), { once: true })
    const task = newTask('', stop, Promise.resolve())
    await this.#run(task, user, seconds, script)
    return { code: 0, out: `${task.state} ${task.code} ${task.tookMs}\n${task.out}`, err: task.err }
  }

  async #run(task: Task, user: string, seconds: number, script: string): Promise<void> {
    const began = Date.now()
    const timer = setTimeout(() => {
      task.state = 'timed-out'
      task.stop.abort(new Error('too late'))
    }, seconds * 1000)
    const streams = {
      out(text: string) {
        task.out += text
      },
      error(text: string) {
        task.err += text
      },
      pipe: async () => {},
    }
    try {
      task.code = (await new PretendShell(this.#machine, user).run(script, streams, task.stop.signal)).code
      // More than the pretend shell knows: what is written for real machines is taken as done.
      if (/: not found$/m.test(task.err)) {
        Object.assign(task, { code: 0, out: 'This machine only pretends to have done it.\n', err: '' })
      }
    } catch {
      task.code = 143
    }
    clearTimeout(timer)
    task.tookMs = Date.now() - began
    if (task.state === 'running') task.state = 'exited'
  }
}

const isUser = (user: string) => user === 'root' || user === 'laborant'

const newTask = (boot: string, stop: AbortController, ended: Promise<void>): Task => ({
  boot,
  stop,
  ended,
  state: 'running',
  code: 0,
  tookMs: 0,
  out: '',
  err: '',
})
