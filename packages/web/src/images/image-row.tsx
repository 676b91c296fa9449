import type { Image } from '@ramet/model/api/host.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import { useState } from 'react'
import { formatAgo } from '../run/time.ts'
import { FailureNotice } from '../ui/notice.tsx'
import { ProgressBar } from '../ui/progress-bar.tsx'
import { useNow } from '../ui/use-now.ts'
import { ImageButtons } from './image-buttons.tsx'
import { ImageDetails } from './image-details.tsx'

/** One image in the list; its name opens what is known of it. */
export function ImageRow({ image }: { image: Image }) {
  const now = useNow()
  const [isOpen, setIsOpen] = useState(false)
  const { name, description, bytes, digest, lastUsedAt, isUsed, state } = image
  const facts = [
    description === name ? undefined : description,
    bytes > 0 ? describeBytes(bytes) : undefined,
    digest?.slice(0, 19),
    lastUsedAt === undefined ? undefined : `used ${formatAgo(Date.parse(lastUsedAt), now)}`,
    state === 'ready' && isUsed === false ? 'nothing needs it' : undefined,
  ].filter((each) => each !== undefined)
  return (
    <li aria-label={name} className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2.5">
        <div className="min-w-48 flex-1">
          <button
            type="button"
            aria-expanded={isOpen}
            onClick={() => setIsOpen(!isOpen)}
            className="rounded text-left font-medium wrap-anywhere hover:text-accent"
          >
            {name}
          </button>
          <p className="mt-0.5 flex flex-wrap gap-x-1.5 text-xs text-faint">
            {facts.map((fact, at) => (
              <span key={fact} className="wrap-anywhere">
                {at > 0 && <span aria-hidden="true">· </span>}
                {fact}
              </span>
            ))}
          </p>
        </div>
        <ImageButtons image={image} />
      </div>
      {image.progress && state === 'building' && (
        <div className="mt-3">
          <ProgressBar progress={image.progress} label={`Progress of ${name}`} />
        </div>
      )}
      {image.error && (
        <div className="mt-3">
          <FailureNotice failure={image.error} />
        </div>
      )}
      {isOpen && <ImageDetails name={name} state={state} />}
    </li>
  )
}
