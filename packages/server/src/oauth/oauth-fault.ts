import { RametError } from '@ramet/model/errors/error.ts'

/** Words of RFC 6749 (4.1.2.1 and 5.2), 7591 (3.2.2) and 8707 (2): what clients of OAuth look at. */
export type OAuthWord =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_target'
  | 'invalid_redirect_uri'
  | 'invalid_client_metadata'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'access_denied'

/** A request of OAuth that is refused. Its word is its code as well. */
export class OAuthFault extends RametError {
  readonly word: OAuthWord

  constructor(word: OAuthWord, message: string) {
    super(word, word === 'invalid_client' ? 401 : 400, message)
    this.name = 'OAuthFault'
    this.word = word
  }
}
