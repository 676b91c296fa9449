import type { Port, Shell } from '@ramet/model/api/ports.ts'
import { pages } from '@ramet/model/api/routes.ts'
import { CopyText } from '../ui/copy-button.tsx'

/** Ports and shells that can be reached from outside: where, and by whom. */
export function PublishedList({ ports, shells }: { ports: readonly Port[]; shells: readonly Shell[] }) {
  const rows = [
    ...ports.map((port) => ({
      ...port,
      what: `Port ${port.number} of ${port.machine}`,
      who: port.protocol === undefined ? whoOf(port) : 'Whoever reaches the address',
    })),
    ...shells.map((shell) => ({
      ...shell,
      protocol: undefined,
      what: `Shell of ${shell.user} on ${shell.machine}`,
      who: whoOf(shell),
    })),
  ]
  return (
    <ul className="flex flex-col gap-2 text-[13px]">
      {rows.map(({ id, what, who, protocol, access, hostname, url }) => (
        <li key={id}>
          <p>
            {what} <span className="text-muted">· {who}</span>
          </p>
          {protocol === undefined ? (
            <a
              href={access === 'public' ? url : pages.enterPort(hostname.split('.')[0] ?? '')}
              target="_blank"
              rel="noopener noreferrer"
              className="rounded wrap-anywhere text-accent hover:underline"
            >
              {url}
            </a>
          ) : (
            <CopyText text={url} what="address" />
          )}
        </li>
      ))}
    </ul>
  )
}

const whoOf = ({ access }: Pick<Port, 'access'>) => (access === 'public' ? 'Whoever knows the address' : 'You alone')
