import type { Playground } from '@ramet/model/api/wire.ts'
import { visibleText } from '@ramet/model/units/visible-text.ts'
import { useState } from 'react'
import { Button } from '../ui/button.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { type Block, parsePage, type Span } from './page-text.ts'

/** What the author of a playground has to say about it, over the catalogue. */
export function PlaygroundPageButton({ playground: { title, description, markdown } }: { playground: Playground }) {
  const [isOpen, setIsOpen] = useState(false)
  if (!markdown) return null
  const [first, ...others] = parsePage(visibleText(markdown))
  // The dialog has a title already.
  const blocks = first?.kind === 'heading' ? others : [first, ...others]
  return (
    <>
      <Button look="quiet" onClick={() => setIsOpen(true)}>
        Read
      </Button>
      <Dialog isOpen={isOpen} onClose={() => setIsOpen(false)} title={title} about={description} isWide>
        <article className="mt-4 flex flex-col gap-3 text-[13px]">
          {blocks.map((block, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: blocks have no other name, and never move.
            <BlockView key={at} block={block} />
          ))}
        </article>
        <div className="mt-5 flex justify-end">
          <Button onClick={() => setIsOpen(false)}>Close</Button>
        </div>
      </Dialog>
    </>
  )
}

function BlockView({ block }: { block: Block | undefined }) {
  switch (block?.kind) {
    case 'heading':
      return (
        <h3 className="mt-2 font-semibold">
          <Spans spans={block.spans} />
        </h3>
      )
    case 'paragraph':
      return (
        <p className="wrap-anywhere">
          <Spans spans={block.spans} />
        </p>
      )
    case 'code':
      return (
        <pre className="overflow-x-auto rounded-lg border border-line bg-surface px-3 py-2 font-mono text-xs">{block.text}</pre>
      )
    case 'list': {
      const List = block.isOrdered ? 'ol' : 'ul'
      return (
        <List className={`flex flex-col gap-1 pl-5 ${block.isOrdered ? 'list-decimal' : 'list-disc'}`}>
          {block.items.map((spans, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: items have no other name, and never move.
            <li key={at}>
              <Spans spans={spans} />
            </li>
          ))}
        </List>
      )
    }
    default:
      return null
  }
}

const Spans = ({ spans }: { spans: readonly Span[] }) =>
  spans.map((span, at) => {
    const key = `${at}`
    if (span.kind === 'code')
      return (
        <code key={key} className="rounded bg-hover px-1 font-mono text-xs">
          {span.text}
        </code>
      )
    if (span.kind === 'strong') return <strong key={key}>{span.text}</strong>
    if (span.kind === 'link')
      return (
        <a key={key} href={span.url} target="_blank" rel="noreferrer" className="text-accent underline underline-offset-2">
          {span.text}
        </a>
      )
    return <span key={key}>{span.text}</span>
  })
