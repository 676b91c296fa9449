import '@xterm/xterm/css/xterm.css'
import { RametError } from '@ramet/model/errors/error.ts'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { usePageIsVisible } from '../ui/use-page-is-visible.ts'
import { type LinkState, ShellLink, type ShellStream, type Size } from './shell-link.ts'
import { openScreen } from './xterm-screen.ts'

interface TerminalViewProps {
  /** Names the region, as in `Terminal of debian`. */
  readonly label: string
  readonly open: (size: Size) => ShellStream
  readonly anew: string
  readonly ended: (code: number) => string
  readonly isFinal?: (error: unknown) => boolean
}

/** A terminal that fills its parent. `open` is read once, when it is first shown: give another key for another shell. */
export function TerminalView({ label, ...given }: TerminalViewProps) {
  const place = useRef<HTMLDivElement>(null)
  const [link, setLink] = useState<ShellLink>()
  const [state, setState] = useState<LinkState>({ kind: 'connecting' })
  const isVisible = usePageIsVisible()
  const [options] = useState(given)

  useEffect(() => {
    // Opening the screen fits it before there is a link; that asks for the size itself.
    let shell: ShellLink | undefined
    const screen = openScreen(place.current!, {
      ...options,
      onInput: (input) => shell?.input(input),
      onSize: (size) => shell?.resize(size),
    })
    shell = new ShellLink({ ...options, screen, onState: setState })
    setLink(shell)
    screen.focus()
    return () => {
      shell.close()
      screen.dispose()
    }
  }, [options])

  const wasVisible = useRef(isVisible)
  useEffect(() => {
    // Only becoming visible is a reason not to wait; each further loss is not.
    if (isVisible && !wasVisible.current && state.kind === 'lost') link?.retry()
    wasVisible.current = isVisible
  }, [isVisible, link, state.kind])

  return (
    <section
      aria-label={label}
      aria-roledescription="terminal"
      aria-description="Control Shift Arrow Up leaves the terminal for its tab."
      className="relative h-full min-h-0 w-full bg-terminal"
      onKeyDownCapture={leave}
    >
      <div
        className={`absolute inset-y-2 right-0.5 left-3 transition-opacity ${state.kind === 'live' || state.kind === 'ended' ? '' : 'opacity-60'}`}
        ref={place}
      />
      <LinkNotice state={state} onRetry={() => link?.retry()} />
    </section>
  )
}

/** Tab belongs to the shell, so the keyboard needs another way out (WCAG 2.1.2). */
function leave(event: KeyboardEvent<HTMLElement>): void {
  if (!event.ctrlKey || !event.shiftKey || event.key !== 'ArrowUp') return
  event.preventDefault()
  event.stopPropagation()
  const tab = event.currentTarget.closest('[role=tabpanel]')?.getAttribute('aria-labelledby')
  document.getElementById(tab ?? 'content')?.focus()
}

function LinkNotice({ state, onRetry }: { state: LinkState; onRetry: () => void }) {
  const text = noticeText(state)
  return (
    <div role="status" className="pointer-events-none absolute inset-x-3 top-3 flex justify-end">
      {text && (
        <div className="pointer-events-auto flex max-w-md items-center gap-2.5 rounded-md border border-line-strong bg-raised/95 px-2.5 py-1.5 text-xs shadow-lg shadow-black/20">
          {state.kind !== 'refused' && <span aria-hidden="true" className="breathing size-1.5 shrink-0 rounded-full bg-busy" />}
          <span className="text-muted">{text}</span>
          {state.kind !== 'connecting' && (
            <button type="button" className="shrink-0 rounded font-medium text-accent hover:underline" onClick={onRetry}>
              Try now
            </button>
          )}
        </div>
      )}
    </div>
  )
}

function noticeText(state: LinkState): string | undefined {
  if (state.kind === 'connecting') return 'Connecting…'
  if (state.kind === 'lost') {
    const isAway = state.error instanceof RametError && ['server_unreachable', 'connection_lost'].includes(state.error.code)
    return isAway ? 'The connection was lost. Reconnecting…' : `${messageOf(state.error)} Trying again…`
  }
  return state.kind === 'refused' ? messageOf(state.error) : undefined
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
