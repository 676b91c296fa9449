import { routes } from '@ramet/model/api/routes.ts'
import type { FastifyInstance, FastifyReply } from 'fastify'

/**
 * The page that leads a browser which is logged in here into a private port. The app's cookie is sent to pages of its own alone (SameSite=Strict), so a link from a port's host cannot
 * ask for the ticket itself: this page does, as one of the app's own.
 */
export function serveEnterPort(app: FastifyInstance): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "style-src 'unsafe-inline'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const send = (reply: FastifyReply, type: string, text: string) =>
    reply
      .type(`${type}; charset=utf-8`)
      .header('content-security-policy', policy)
      .header('x-frame-options', 'DENY')
      .header('cache-control', 'no-store')
      .send(text)
  app.get('/enter-port', async (_request, reply) => send(reply, 'text/html', page))
  app.get('/enter-port.js', async (_request, reply) => send(reply, 'text/javascript', script))
}

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ramet</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 32rem; padding: 0 1rem; color: #1c2321; background: #fbfcfb }
a { color: #0b6b50; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #e4e9e7; background: #141917 } a { color: #63d0ac } }
</style>
<p id="wait">On the way to the port …</p>
<div id="sign-in" hidden>
<h1>Log in to Ramet first</h1>
<p>This browser is not logged in here. <a id="log-in" href="/">Log in</a>; then it goes on.</p>
<p><a href="/">To the dashboard</a></p>
</div>
<div id="forbidden" hidden>
<h1>403: not for you</h1>
<p>This port is not yours, or is not there. Ask whoever gave you the address to publish it.</p>
</div>
<div id="failed" hidden>
<h1>It did not work</h1>
<p id="why"></p>
</div>
<script type="module" src="/enter-port.js"></script>
</html>
`

const script = `const query = new URLSearchParams(location.search)
const show = (id) => {
  document.getElementById('wait').hidden = true
  document.getElementById(id).hidden = false
}
try {
  const answer = await fetch('${routes.portLogins()}', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: query.get('name') ?? '', to: query.get('to') ?? '/' }),
  })
  const said = await answer.json()
  if (answer.ok) location.replace(said.url)
  else if (answer.status === 401) {
    document.getElementById('log-in').href = '/?' + new URLSearchParams({ to: location.pathname + location.search })
    show('sign-in')
  }
  else if (answer.status === 403) show('forbidden')
  else {
    document.getElementById('why').textContent = said.message
    show('failed')
  }
} catch (error) {
  document.getElementById('why').textContent = String(error)
  show('failed')
}
`
