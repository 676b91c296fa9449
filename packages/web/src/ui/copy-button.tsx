import { useEffect, useState } from 'react'
import { Icon } from './icons.tsx'

/** Shows `text` and copies it when pressed. */
export function CopyText({ text, what }: { text: string; what: string }) {
  const [isCopied, setIsCopied] = useState(false)
  useEffect(() => {
    if (!isCopied) return
    const timer = setTimeout(() => setIsCopied(false), 1500)
    return () => clearTimeout(timer)
  }, [isCopied])
  // Over plain http from another machine there is no clipboard; the text can still be selected.
  if (!navigator.clipboard) return <code className="font-mono text-xs wrap-anywhere">{text}</code>
  return (
    <button
      type="button"
      aria-label={isCopied ? `${what} copied` : `Copy ${what}`}
      title={`Copy ${what}`}
      className="group inline-flex max-w-full items-center gap-1.5 rounded text-left font-mono text-xs hover:text-accent"
      onClick={() => void navigator.clipboard.writeText(text).then(() => setIsCopied(true))}
    >
      <span className="min-w-0 wrap-anywhere">{text}</span>
      <Icon
        name={isCopied ? 'check' : 'copy'}
        className={`size-3.5! ${isCopied ? 'text-accent' : 'text-faint opacity-0 group-hover:opacity-100 group-focus-visible:opacity-100'}`}
      />
    </button>
  )
}
