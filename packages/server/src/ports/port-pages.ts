import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { type RametError, toErrorBody } from '@ramet/model/errors/error.ts'
import { retryHeaders } from '../http/raw-answers.ts'

/** What is said at a port's host in the guest's place. */
export interface Notice {
  readonly status: number
  readonly title: string
  /** Sentences. */
  readonly text: string
  readonly link?: { readonly url: string; readonly label: string }
  /** Seconds after which a browser asks again by itself. */
  readonly againAfter?: number
}

/** Answers a browser with a page and a program with the error. No script, nothing from elsewhere; never kept. */
export function answerNotice(request: IncomingMessage, reply: ServerResponse, notice: Notice, error: RametError): void {
  const wantsPage = /\btext\/html\b/.test(request.headers.accept ?? '')
  const body = wantsPage ? pageOf(notice) : JSON.stringify(toErrorBody(error))
  const headers: OutgoingHttpHeaders = {
    'content-type': wantsPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...(notice.status === 429 ? retryHeaders : {}),
    ...(notice.againAfter === undefined ? {} : { 'retry-after': String(notice.againAfter) }),
    // What is still on its way of the request is not waited for.
    ...(request.complete && error.code !== 'too_many_connections' ? {} : { connection: 'close' }),
  }
  reply.writeHead(notice.status, headers)
  reply.end(request.method === 'HEAD' ? undefined : body)
}

const pageOf = ({ title, text, link, againAfter }: Notice): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
${againAfter === undefined ? '' : `<meta http-equiv="refresh" content="${againAfter}">\n`}<title>${escaped(title)}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 15vh auto; max-width: 32rem; padding: 0 1rem; color: #1c2321; background: #fbfcfb }
a { color: #0b6b50; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { color: #e4e9e7; background: #141917 } a { color: #63d0ac } }
</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${escaped(text)}</p>
${link ? `<p><a href="${escaped(link.url)}">${escaped(link.label)}</a></p>\n` : ''}</body>
</html>
`

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
