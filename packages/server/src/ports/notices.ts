import type { RametError } from '@ramet/model/errors/error.ts'
import type { Notice } from './port-pages.ts'

/** What a person is told when a port cannot be shown. `enterUrl`: where he signs in. */
export function noticeFor({ code, status, message, hint }: RametError, enterUrl: () => string): Notice {
  const text = hint === undefined ? message : `${message} ${hint}`
  switch (code) {
    case 'sign_in_needed':
      return {
        status,
        title: 'Sign in to see this',
        text: 'It is a private port or shell of a Ramet run. Whoever owns the run may see it.',
        link: { url: enterUrl(), label: 'Sign in with Ramet' },
      }
    case 'port_forbidden':
    case 'forbidden_origin':
      return { status, title: 'Not for you', text }
    case 'not_found':
      return { status, title: 'Nothing is published here', text: 'It was removed, or its run was destroyed.' }
    case 'port_closed':
      return {
        status: 503,
        title: 'Nothing listens there yet',
        text: `${message} This page looks again by itself.`,
        againAfter: 2,
      }
    case 'machine_unreachable':
      return {
        status: 503,
        title: 'The machine is on its way',
        text: `${message} This page looks again by itself.`,
        againAfter: 3,
      }
    case 'action_refused':
      return {
        status: 503,
        title: 'The run is off',
        text: 'It can be restarted from the dashboard. This page looks again by itself.',
        againAfter: 5,
      }
    default:
      return { status, title: status >= 500 ? 'It did not work' : 'This cannot be answered', text }
  }
}
