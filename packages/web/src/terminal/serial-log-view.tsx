import { useQuery } from '@tanstack/react-query'
import { useLayoutEffect, useMemo, useRef } from 'react'
import { queries } from '../api/queries.ts'
import { ErrorNotice } from '../ui/notice.tsx'
import { serialText } from './serial-log.ts'

interface SerialLogProps {
  readonly id: string
  readonly machine: string
  readonly boot: string | undefined
  /** Read again while the machine may still print. */
  readonly isGrowing: boolean
}

/** One boot's serial log as text that can be selected and searched; follows its end unless scrolled away from it. */
export function SerialLog({ id, machine, boot, isGrowing }: SerialLogProps) {
  const { data, error } = useQuery({
    ...queries.consoleLog(id, machine, boot ?? ''),
    enabled: boot !== undefined,
    refetchInterval: isGrowing ? 2500 : false,
    staleTime: 0,
  })
  const text = useMemo(() => data && serialText(data), [data])
  const scroller = useRef<HTMLElement>(null)
  const isAtEnd = useRef(true)

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scroller grows with the text
  useLayoutEffect(() => {
    if (isAtEnd.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight
  }, [text])

  if (error && text === undefined) {
    return (
      <div className="p-4">
        <ErrorNotice error={error} />
      </div>
    )
  }
  return (
    <section
      ref={scroller}
      aria-label={`Serial log of ${machine}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1)
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24
      }}
      className="h-full overflow-auto px-4 py-3 -outline-offset-2! sm:px-6"
    >
      {text ? (
        <pre className="font-mono text-xs leading-5 text-muted">{text}</pre>
      ) : (
        <p className="text-[13px] text-faint">
          {boot === undefined ? 'This machine has not been started yet.' : 'Nothing was printed yet.'}
        </p>
      )}
    </section>
  )
}
