import type { OtherTab } from '../terminal/terminal-tabs.ts'

/** The panel of a tab that this app cannot show. */
export function NotShown({ label, says, url }: OtherTab) {
  return (
    <div className="grid h-full place-items-center overflow-y-auto p-6 text-center">
      <div className="max-w-sm">
        <h2 className="font-medium">{label}</h2>
        <p className="mt-1.5 text-[13px] text-muted">{says}</p>
        {url !== undefined && (
          <a href={url} target="_blank" rel="noreferrer" className="mt-3 inline-block text-[13px] break-all underline">
            {url}
          </a>
        )}
      </div>
    </div>
  )
}
