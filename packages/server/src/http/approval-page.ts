import { pages } from '@ramet/model/api/routes.ts'
import type { FastifyReply } from 'fastify'
import { escaped, sendPage } from './html-page.ts'

/** Asks whether a program may act for the user. `action`: where the answer goes. */
export const askToAdmit = (reply: FastifyReply, from: string, action: string): string =>
  sendPage(
    reply,
    'Let a program in?',
    `<p>A program at the address <code>${escaped(from)}</code> asks to act for you: to start, enter and destroy your runs. Let it in only if you have just started it yourself, such as by
<code>labctl auth login</code>.</p>
<form method="post" action="${escaped(action)}"><button>Let it in</button></form>
<p class="muted">If it was not you, close this page.</p>`,
  )

/** For a browser that is not logged in; after the sign-in it comes back. */
export const logInAndComeBack = (reply: FastifyReply, path: string): string =>
  sendPage(
    reply.code(401),
    'Log in first',
    `<p>This browser is not logged in. <a href="${escaped(pages.signIn(path))}">Log in</a>; then it comes back here.</p>`,
  )

export const told = (reply: FastifyReply, title: string, text: string): string =>
  sendPage(reply, title, `<p>${escaped(text)}</p>`)
