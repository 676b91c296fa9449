import type { ProviderId } from '@ramet/model/api/sign-in.ts'
import type { Person } from '../store/identities.ts'

/** What is kept here while a browser is at a provider: none of it is the browser's to say. */
export interface Secrets {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Whom a provider vouches for. */
export interface Vouched extends Person {
  /** By the settings he may have an account without an invitation. */
  readonly isWelcome: boolean
}

/** Somebody who says who people are: one by OpenID Connect, or GitHub. */
export interface Provider {
  readonly id: ProviderId
  /** As its button names it. */
  readonly label: string
  /** Where the browser goes. Throws `provider_unreachable`. */
  begin(secrets: Secrets): Promise<URL>
  /** `query`: what the browser came back with. Throws `sign_in_refused`, `provider_unreachable`. */
  finish(query: string, secrets: Secrets): Promise<Vouched>
}
