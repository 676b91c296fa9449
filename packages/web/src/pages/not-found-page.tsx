import { Link } from '@tanstack/react-router'
import { buttonClass } from '../ui/button.tsx'
import { usePageTitle } from '../ui/use-page-title.ts'

export function NotFoundPage({ what = 'page' }: { what?: string }) {
  usePageTitle('Not found')
  return (
    <div className="grid flex-1 place-items-center p-6 text-center">
      <div>
        <h1 className="text-lg font-semibold">There is no such {what}</h1>
        <p className="mt-1 mb-4 text-[13px] text-muted">The link may be old, or the run was destroyed.</p>
        <Link to="/" className={buttonClass()}>
          To your runs
        </Link>
      </div>
    </div>
  )
}
