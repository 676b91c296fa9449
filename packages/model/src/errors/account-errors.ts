import { RametError } from './error.ts'

/** Failures of accounts and signing in. */

/** The same for a name that nobody has and a password that is wrong. */
export const wrongPassword = () =>
  new RametError('wrong_password', 401, 'There is no such name with this password.', {
    hint: 'An admin makes a link that lets you in without one: ramet user invite NAME',
  })

export const wrongCurrentPassword = () =>
  new RametError('wrong_password', 403, 'The password of now is another.', {
    hint: 'An admin makes a link that lets you in without one; then: ramet user passwd',
  })

export const freshLoginNeeded = () =>
  new RametError('fresh_login_needed', 403, 'A first password is set within ten minutes of a login.', {
    hint: 'Log out and in again by a link, or ask an admin for one: ramet user invite NAME',
  })

/** Of somebody else's playground, which may be seen. */
export const notYours = (name: string, isStart: boolean) =>
  isStart
    ? new RametError('not_permitted', 403, `The owner of ${name} shows it to you, and lets you start nothing from it.`)
    : new RametError('not_yours', 403, `The playground ${name} belongs to somebody else.`, {
        hint: `Make one of your own from it: ramet playground create my-lab --base ${name}, or start it, change the run and save that.`,
      })

export const lastAdmin = (name: string) =>
  new RametError('last_admin', 409, `${name} is the only admin who can sign in.`, {
    hint: 'Make another one first: ramet user role NAME admin',
  })

export const userHasThings = (name: string, runs: number, playgrounds: number) =>
  new RametError('user_has_things', 409, `${name} has ${runs} runs and ${playgrounds} playgrounds.`, {
    hint: `Lock the account instead, and keep them: ramet user disable ${name}`,
  })
