import { pages, routes } from '@ramet/model/api/routes.ts'
import type { FastifyReply } from 'fastify'
import { allowedBy } from '../oauth/agent-scopes.ts'
import { isLoopback } from '../oauth/client-ids.ts'
import type { AgentRequest } from '../services.ts'
import { escaped, sendPage } from './html-page.ts'

/** Asks whether an agent may act for the user. It says its name itself, so where the answer goes is shown as well. */
export function askToAdmitAgent(reply: FastifyReply, asked: AgentRequest, ticket: string): string {
  const { agent, scopes, redirectUri } = asked
  const { host } = new URL(redirectUri)
  const place = isLoopback(redirectUri)
    ? `a program on the computer of this browser (<code>${escaped(host)}</code>)`
    : `the website <code>${escaped(host)}</code>`
  return sendPage(
    reply,
    'Let an agent in?',
    `<p>An agent that calls itself <strong>${escaped(agent.name)}</strong> asks to act for you. The answer goes to ${place}. It would be able to</p>
<ul>${allowedBy(scopes)
      .map((sentence) => `<li>${escaped(sentence)}</li>`)
      .join('')}</ul>
<form method="post" action="${escaped(routes.agentApproval(ticket))}"><button>Let it in</button>
<button class="second" formaction="${escaped(routes.agentRefusal(ticket))}">Refuse</button></form>
<p class="muted">Let it in only if you have just set it up yourself. It gets in at ${escaped(asked.resource)} and nowhere else, for 30 days at most. <code>ramet session list</code> shows it, and <code>ramet session end</code> ends it.</p>`,
  )
}

/** Sends the browser on: by the page itself, since a form may lead to no other site (`form-action`). */
export const leadBack = (reply: FastifyReply, title: string, to: string): string =>
  sendPage(
    reply,
    title,
    `<p><a href="${escaped(to)}">Go on</a> if this page does not by itself.</p>`,
    `<meta http-equiv="refresh" content="0;url=${escaped(to)}">`,
  )

/**
 * For a request that an agent got wrong. Nobody has agreed to anything yet, and whoever likes registers an agent: a browser is led to another website by a click alone, never by itself
 * (RFC 9700, 4.11).
 */
export const askedWrongly = (reply: FastifyReply, fault: string, to: string): string =>
  sendPage(
    reply.code(400),
    'The agent asked for something else',
    `<p>${escaped(fault)}</p><p><a href="${escaped(to)}">Tell the agent</a> at <code>${escaped(new URL(to).host)}</code>, or close this page.</p>`,
  )

/** A browser sends its cookie here only when it comes from a page of this server (SameSite=Strict): that is this one, by its link. */
export const logInFirst = (reply: FastifyReply, url: string): string =>
  sendPage(
    reply.code(401),
    'Log in first',
    `<p>An agent asks to act for you, and this browser is not logged in, or another site led here.</p>
<p><a href="${escaped(url)}">Go on</a> if you are logged in. Else <a href="${escaped(pages.signIn(url))}">log in</a> first; then you come back.</p>`,
  )
