import type { Playground } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { memoryNeeded, outOfReach } from '@ramet/model/plan/needs.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { client } from '../api/client.ts'
import { showPlay } from '../api/live.ts'
import { Ask } from '../ui/ask.tsx'
import { Button } from '../ui/button.tsx'
import { Storage } from '../ui/storage.tsx'
import { toastError } from '../ui/toasts.tsx'
import { usePlaygroundStorage } from '../ui/use-storage.ts'
import { BuildFirst, useUnbuilt } from './build-first.tsx'
import { Offer } from './offer.tsx'
import { OwnPlaygroundButtons } from './own-playground-buttons.tsx'
import { PlaygroundPageButton } from './playground-page.tsx'

/** One playground of the catalogue, ready to be started. */
export function PlaygroundCard({ playground }: { playground: Playground }) {
  const { name, title, description, machines, categories, ownerName, visibility, savedFrom } = playground
  const isOwn = playground.role !== undefined
  const unreachable = outOfReach(playground)
  const storage = usePlaygroundStorage(name)
  const unbuilt = useUnbuilt(playground)
  const [isBuildOffered, setIsBuildOffered] = useState(false)
  const [disclaimer, setDisclaimer] = useState<string>()
  const cache = useQueryClient()
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: (consent: boolean) =>
      client.plays.start({ playground: name, ...(consent ? { safetyDisclaimerConsent: true } : {}) }),
    onSuccess(play) {
      showPlay(cache, play)
      void navigate({ to: '/runs/$id', params: { id: play.id } })
    },
    onError(error) {
      if (isCode(error, 'consent_needed')) setDisclaimer(error.message)
      else if (unbuilt.length > 0 && isCode(error, 'image_not_built')) setIsBuildOffered(true)
      else toastError(error)
    },
  })
  return (
    <li
      aria-label={title}
      className="flex flex-col rounded-xl border border-line bg-surface p-4 transition-colors hover:border-line-strong"
    >
      <div className="flex items-start justify-between gap-2">
        <h3 className="font-medium wrap-anywhere">{title}</h3>
        {isOwn && (
          <div className="-mt-1 -mr-1.5 flex shrink-0">
            <OwnPlaygroundButtons playground={playground} />
          </div>
        )}
      </div>
      <p className="mt-0.5 font-mono text-xs text-faint">{name}</p>
      <div className="mt-2 flex-1">
        <p className="line-clamp-3 text-[13px] text-muted" title={description}>
          {description}
        </p>
        {savedFrom && (
          <p className="mt-1.5 truncate text-xs text-faint" title={`Saved from ${savedFrom.title}`}>
            Saved from {savedFrom.title}
          </p>
        )}
      </div>
      <p className="mt-3 flex flex-wrap gap-1.5 text-[11px] text-muted">
        <Chip>{machines.length === 1 ? '1 machine' : `${machines.length} machines`}</Chip>
        <Chip>{formatBytes(memoryNeeded(playground))}</Chip>
        {ownerName !== undefined && <Chip>by {ownerName}</Chip>}
        {isOwn && visibility !== 'private' && <Chip>{visibility === 'public' ? 'public' : 'shared'}</Chip>}
        {unreachable.length > 0 && <Chip>needs internet</Chip>}
        {unbuilt.length > 0 && !savedFrom && <Chip>image not built</Chip>}
        {storage && (
          <span className="rounded bg-hover px-1.5 py-0.5">
            <Storage storage={storage} />
          </span>
        )}
        {categories.map((category) => (
          <Chip key={category}>{category}</Chip>
        ))}
      </p>
      <Offer playground={playground} />
      <div className="mt-3 flex items-center justify-end gap-3">
        <PlaygroundPageButton playground={playground} />
        <Button
          look="primary"
          icon="play"
          isBusy={start.isPending}
          refusal={refusalOf(playground)}
          onClick={() => start.mutate(false)}
        >
          Start
        </Button>
      </div>
      <Ask
        isOpen={disclaimer !== undefined}
        onClose={() => setDisclaimer(undefined)}
        question={`Start what ${ownerName ?? 'somebody else'} made?`}
        about={disclaimer ?? ''}
        verb="Start it"
        onYes={() => start.mutate(true)}
      />
      <BuildFirst unbuilt={unbuilt} isOpen={isBuildOffered} onClose={() => setIsBuildOffered(false)} />
    </li>
  )
}

function refusalOf(playground: Playground): string | undefined {
  if (!playground.userAccess.canStart) return 'Its owner does not let you start this playground.'
  const hosts = outOfReach(playground)
  return hosts.length === 0 ? undefined : `Its images come from ${hosts.join(', ')}, which the server cannot reach.`
}

const isCode = (error: unknown, code: string): error is RametError => error instanceof RametError && error.code === code

const Chip = ({ children }: { children: ReactNode }) => <span className="rounded bg-hover px-1.5 py-0.5">{children}</span>
