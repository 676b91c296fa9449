import { pages } from '@ramet/model/api/routes.ts'
import type { Invitation } from '@ramet/model/api/users.ts'
import type { Output } from '../../output.ts'

export function printInvitation(out: Output, endpoint: string, name: string, { token, expiresAt }: Invitation): void {
  out.note(`Send this link to ${name}. It works once, until ${expiresAt.slice(0, 10)}:`)
  out.result(`${endpoint}${pages.login(token)}`)
}
