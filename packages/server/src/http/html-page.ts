import type { FastifyReply } from 'fastify'

/** Text as HTML. */
export const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** A page that needs no script, loads nothing, and stands in no frame. `body`, `head`: HTML. Returns what to send. */
export function sendPage(reply: FastifyReply, title: string, body: string, head = ''): string {
  reply
    .type('text/html; charset=utf-8')
    .header('x-frame-options', 'DENY')
    // Other sites learn nothing all the same. With `no-referrer` a form of ours is sent with `Origin: null`, as if it were another site's.
    .header('referrer-policy', 'same-origin')
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)} · Ramet</title>
${head}
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1rem; color: #1c1f23; background: #fff }
button { font: inherit; padding: .5rem 1rem; border: 0; border-radius: .4rem; background: #0b6b50; color: #fff; cursor: pointer }
button.second { color: inherit; background: none; box-shadow: inset 0 0 0 1px #8a939c; margin-left: .5rem } a { color: #0b6b50 }
code, pre { font: 14px/1.45 ui-monospace, monospace; background: #f1f3f5; border-radius: .25rem; padding: .1rem .3rem }
pre { padding: .6rem; overflow: auto }
summary { cursor: pointer } h2 { margin-top: 2.5rem } h3 { margin: 1.5rem 0 .3rem }
.method { font-weight: 600; color: #0b6b50 } .muted { color: #5b6570 }
@media (prefers-color-scheme: dark) { body { color: #e6e8ea; background: #16181b } code, pre { background: #24282d } .method, a { color: #63d0ac } .muted { color: #9aa4ae } }
</style>
<h1>${escaped(title)}</h1>
${body}
</html>
`
}
