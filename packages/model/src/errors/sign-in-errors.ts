import { RametError } from './error.ts'

export const unknownProvider = (id: string) =>
  new RametError('not_found', 404, `This server knows no sign-in by ${id}.`, {
    hint: 'Its admin sets it up: docs/architecture/accounts.md.',
  })

export const providerUnreachable = (label: string) =>
  new RametError('provider_unreachable', 502, `${label} does not answer as it should.`, {
    hint: 'Try again, or sign in in another way. The server’s log says more.',
  })

/** Whatever was wrong with it: whoever tampers learns nothing. */
export const signInRefused = (label: string) =>
  new RametError('sign_in_refused', 401, `The sign-in by ${label} was refused, or is not what was begun here.`, {
    hint: 'Begin again on the page of this server.',
  })

export const signInGone = () =>
  new RametError('sign_in_gone', 400, 'No sign-in was begun in this browser, or it took more than ten minutes.', {
    hint: 'Begin again on the page of this server.',
  })

export const noAccount = (name: string, label: string) =>
  new RametError('no_account', 403, `${name} of ${label} has no account here.`, {
    hint: 'Ask an admin of this server for an invitation. Once you are in, connect it on the page of your account.',
  })

export const accountDisabled = () =>
  new RametError('account_disabled', 403, 'This account is closed.', { hint: 'Ask an admin of this server.' })

export const identityTaken = (name: string, label: string) =>
  new RametError('identity_taken', 409, `${name} of ${label} belongs to another account of this server.`, {
    hint: 'Disconnect it there first.',
  })

export const noPasskeysHere = (why: string) => new RametError('no_passkeys_here', 409, why)

/** A passkey that is not known, or whose answer is not for what was asked. */
export const wrongPasskey = () =>
  new RametError('wrong_passkey', 401, 'This passkey was not taken.', {
    hint: 'Try again, or sign in in another way. It may have been removed from the account.',
  })

export const tooManyPasskeys = (most: number) =>
  new RametError('too_many_passkeys', 409, `You have ${most} passkeys; more are not kept.`, {
    hint: 'Remove some on the page of your account.',
  })
