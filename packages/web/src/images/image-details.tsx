import type { Image } from '@ramet/model/api/host.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import { queries } from '../api/queries.ts'
import { CopyText } from '../ui/copy-button.tsx'
import { Facts, Mono } from '../ui/facts.tsx'
import { ErrorNotice } from '../ui/notice.tsx'

/** As `ramet image inspect`: what it is made of, what it says of itself, who uses it. */
export function ImageDetails({ name, state }: { name: string; state: Image['state'] }) {
  const { data: image, error } = useQuery(queries.image(name, state))
  if (error) return <ErrorNotice error={error} />
  if (!image) return null
  const { config } = image
  const words = (list: readonly string[]) => (list.length === 0 ? 'none' : <Mono>{JSON.stringify(list)}</Mono>)
  return (
    <div className="mt-3 border-t border-line pt-3">
      <Facts
        facts={[
          ['Costs', image.state === 'ready' ? undefined : image.costs],
          ['Digest', image.digest && <CopyText key="digest" text={image.digest} what="digest" />],
          ['Least drive', image.sizeBytes === undefined ? undefined : describeBytes(image.sizeBytes)],
          ['User', config && (config.user || 'root')],
          ['Working dir', config && (config.workingFolder || '/')],
          ['Entrypoint', config && words(config.entrypoint)],
          ['Command', config && words(config.command)],
          ['Init', config && (image.init ?? 'none: Ramet’s own')],
          ['Environment', config && config.environment.length > 0 && <Lines lines={config.environment} />],
          ['Layers', image.layers.length > 0 && <Lines lines={image.layers.map(layerLine)} />],
          ['Playgrounds', image.playgrounds.length > 0 && image.playgrounds.join(', ')],
          [
            'Runs',
            image.runs.length > 0 &&
              image.runs.map(({ id, title }, at) => (
                <Fragment key={id}>
                  {at > 0 && ', '}
                  <Link to="/runs/$id" params={{ id }} className="rounded text-accent">
                    {title}
                  </Link>
                </Fragment>
              )),
          ],
          ['Used by', image.isUsed ? image.others > 0 && `${image.others} more, of others` : 'nothing'],
        ].map(([label, value]) => [label as string, value === false ? undefined : value] as const)}
      />
    </div>
  )
}

const layerLine = ({ digest, bytes }: { digest: string; bytes?: number | undefined }) =>
  `${digest.slice(0, 19)}${bytes === undefined ? '' : `  ${describeBytes(bytes)}`}`

const Lines = ({ lines }: { lines: readonly string[] }) => (
  <ul className="font-mono text-xs whitespace-pre-wrap wrap-anywhere">
    {lines.map((line) => (
      <li key={line}>{line}</li>
    ))}
  </ul>
)
