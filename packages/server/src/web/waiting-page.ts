import type { WebState } from './bundle.ts'

const said: Record<WebState, readonly [title: string, text: string]> = {
  building: ['The dashboard is being built', 'That takes some seconds at the first start. This page looks again by itself.'],
  ready: ['The dashboard is on its way', 'This page looks again by itself.'],
  failed: [
    'The dashboard could not be built',
    "The server's log says why. API and command line work without it: try <code>npx --no-install ramet</code>.",
  ],
}

/** What browsers see until there is a web app. It reloads itself; the fragment with the login token stays in the address. */
export function waitingPage(state: WebState): string {
  const [title, text] = said[state]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="${state === 'failed' ? 15 : 2}">
<title>Ramet: ${title}</title>
<style>
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
  body { margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 2rem; text-align: center }
  h1 { font-size: 1.25rem; font-weight: 600 }
  p { max-width: 28rem; margin: 0 auto; opacity: .75 }
</style>
</head>
<body><main><h1>${title}</h1><p>${text}</p></main></body>
</html>
`
}
