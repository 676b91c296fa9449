import type { OtherTab } from '../terminal/terminal-tabs.ts'
import { OpenPort } from './open-port.tsx'

interface NotShownProps extends OtherTab {
  readonly runId: string
}

/** The panel of a tab that has no place in this app: what it is, and where it can be seen. */
export function NotShown({ runId, label, says, url, port }: NotShownProps) {
  return (
    <div className="grid h-full place-items-center overflow-y-auto p-6 text-center">
      <div className="max-w-sm">
        <h2 className="font-medium">{label}</h2>
        <p className="mt-1.5 text-[13px] text-muted">{says}</p>
        {port !== undefined && <OpenPort runId={runId} port={port} label={label} />}
        {url !== undefined && (
          <a href={url} target="_blank" rel="noreferrer" className="mt-3 inline-block text-[13px] break-all underline">
            {url}
          </a>
        )}
      </div>
    </div>
  )
}
