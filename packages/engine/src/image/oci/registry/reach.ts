import type { RametError } from '@ramet/model/errors/error.ts'
import { dockerHub } from '@ramet/model/units/image-reference.ts'
import { ownAuthorities } from './authorities.ts'
import { registryLimits } from './limits.ts'
import { ask } from './request.ts'

const answerMs = 5000

/** Whether anything answers at a registry's address, by the way that a pull would take. What it says does not matter: a pull tells. Never throws. */
export async function reachesRegistry(host: string): Promise<boolean> {
  const url = new URL(`https://${host === dockerHub ? 'registry-1.docker.io' : host}/v2/`)
  const limits = { ...registryLimits, answerMs }
  try {
    const answer = await ask({
      method: 'GET',
      url,
      headers: {},
      what: `the registry ${host}`,
      authorities: ownAuthorities,
      limits,
    })
    answer.destroy()
    return true
  } catch (error) {
    const { code, cause } = error as RametError
    // Whoever speaks no TLS, or with a certificate that nobody vouches for, is there.
    return (
      code !== 'registry_unreachable' ||
      /^(EPROTO|ERR_SSL_|ERR_TLS_|DEPTH_|SELF_|UNABLE_|CERT_)/.test((cause as NodeJS.ErrnoException)?.code ?? '')
    )
  }
}
