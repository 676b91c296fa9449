import type { Play, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { type TaskKind, taskKind } from '@ramet/model/plan/task-kind.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import { isTaskOver, taskStatus, taskStatusWord } from '@ramet/model/run/task-state.ts'
import { visibleText, withoutColours } from '@ramet/model/units/visible-text.ts'
import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import type { Tone } from './run-look.ts'
import { Dot } from './state-badge.tsx'
import { formatDuration } from './time.ts'
import { useRetryTask } from './use-run-action.ts'
import { whyBlocked } from './why-blocked.ts'

const tones: Readonly<Record<number, Tone>> = {
  [taskStatus.running]: 'busy',
  [taskStatus.completed]: 'good',
  [taskStatus.failed]: 'bad',
}

/** What a repeated task is for. An init task needs no word: it is what people expect. */
const kindWords: Readonly<Record<TaskKind, string>> = { init: '', regular: 'check', helper: 'helper' }

/** Tasks in the order of the manifest; each opens to what it ran and printed. */
export function TaskList({ play }: { play: Play }) {
  const { data: tasks = [] } = useQuery(queries.tasks(play))
  return (
    <ul className="flex flex-col gap-1 text-[13px]">
      {tasks.map((task) => (
        <li key={task.name}>
          <Task play={play} task={task} waitsFor={whyBlocked(task, tasks)} />
        </li>
      ))}
    </ul>
  )
}

function Task({ play, task, waitsFor }: { play: Play; task: PlayTaskDetails; waitsFor: string | undefined }) {
  const { name, machine, status, exitCode, lastDurationMs, reason, hintcheckStdout = [], hintcheckStderr = [] } = task
  const hint = isTaskOver(status) ? '' : [...hintcheckStdout, ...hintcheckStderr].join('\n')
  const word = kindWords[taskKind(task)]
  return (
    <details className="group rounded-md open:bg-hover/60">
      <summary className="flex cursor-pointer items-center gap-2 rounded-md px-1.5 py-0.5 hover:bg-hover">
        <Dot tone={tones[status] ?? 'off'} />
        <span className="min-w-0 truncate">{name}</span>
        <span className="text-faint">{machine}</span>
        {word && <span className="rounded border border-line px-1 text-[11px] text-muted">{word}</span>}
        <span className={`ml-auto text-xs whitespace-nowrap ${status === taskStatus.failed ? 'text-bad' : 'text-faint'}`}>
          {taskStatusWord(status)}
          {status === taskStatus.completed && lastDurationMs !== undefined ? ` in ${formatDuration(lastDurationMs)}` : ''}
        </span>
      </summary>
      <div className="flex flex-col gap-1.5 px-1.5 pt-1 pb-2 text-xs">
        {reason && <p className="text-bad wrap-anywhere">{visibleText(reason)}</p>}
        {status === taskStatus.failed && <Retry play={play} task={name} />}
        {hint.trim() !== '' && <p className="text-ink whitespace-pre-wrap wrap-anywhere">{visibleText(withoutColours(hint))}</p>}
        {waitsFor && <p className="text-muted">{waitsFor}</p>}
        <Text title="Variables" text={(task.env ?? []).join('\n')} />
        <Text title="Script" text={task.run} />
        <Text title="Output" text={task.stdout} />
        <Text title="Errors" text={task.stderr} />
        {exitCode !== undefined && exitCode !== 0 && <p className="text-muted">Exit status {exitCode}</p>}
      </div>
    </details>
  )
}

function Retry({ play, task }: { play: Play; task: string }) {
  const retry = useRetryTask(play.id, task)
  return (
    <span>
      <Button icon="restart" refusal={refusal('retry_task', play.state)} isBusy={retry.isPending} onClick={retry.mutate}>
        Run it again
      </Button>
    </span>
  )
}

function Text({ title, text }: { title: string; text: string }) {
  if (text.trim() === '') return null
  return (
    <div>
      <h3 className="text-faint">{title}</h3>
      <pre className="mt-0.5 max-h-48 overflow-auto rounded border border-line bg-terminal px-2 py-1.5 font-mono text-[11px] whitespace-pre-wrap wrap-anywhere">
        {visibleText(withoutColours(text)).trimEnd()}
      </pre>
    </div>
  )
}
