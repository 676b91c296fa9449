import type { Client } from '@ramet/client/client-shape.ts'
import type { CreatePlay, Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { canAsk, isYes } from './ask-yes.ts'

/** Starts a run. Of what somebody else made it asks on a terminal, unless consent is given; elsewhere the refusal says what to do. */
export async function startWithConsent({ plays }: Client, body: CreatePlay, isGiven: boolean): Promise<Play> {
  const withConsent = () => plays.start({ ...body, safetyDisclaimerConsent: true })
  if (isGiven) return withConsent()
  return plays.start(body).catch(async (error: unknown) => {
    if (!(error instanceof RametError) || error.code !== 'consent_needed' || !canAsk()) throw error
    if (!(await isYes(`${error.message} Start it?`, 'Nothing was started.'))) throw error
    return withConsent()
  })
}
