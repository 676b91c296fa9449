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

/** The same for one that was used up, has ended and never was. */
export const closedGroupLink = () =>
  new RametError('closed_group_link', 404, 'This link to a group is used up or has ended.', {
    hint: 'Ask whoever sent it for another: ramet group invite GROUP',
  })

export const groupOwnerStays = (group: string, name: string) =>
  new RametError('group_owner_stays', 409, `${name} is the owner of ${group}, and stays in it.`, {
    hint: `Remove the group instead: ramet group rm ${group}`,
  })

export const unknownGroup = (name: string, where: string) =>
  new RametError('unknown_group', 400, `You are in no group named ${name}.`, { where, hint: 'See yours with: ramet group ls' })

/** `written`: what the author wrote: the playground itself, or what it is based on. */
export const consentNeeded = (playground: string, written: string, author: string) =>
  new RametError(
    'consent_needed',
    403,
    `${written === playground ? playground : `${written}, on which ${playground} is based,`} was made by ${author}. Its runs do what ${author} wrote: as root in machines of your own, with the network that your runs have. They reach nothing of your other runs, but see what you type and copy into them.`,
    { hint: `If you trust ${author}: ramet playground start ${playground} --yes, or Start in the dashboard. It is asked once.` },
  )

export const userHasThings = (name: string, runs: number, playgrounds: number, groups: number) =>
  new RametError('user_has_things', 409, `${name} has ${runs} runs, ${playgrounds} playgrounds and ${groups} groups.`, {
    hint: `Lock the account and keep them: ramet user disable ${name}. Or say what becomes of them: ramet user rm ${name} --destroy, or --transfer-to OTHER for playgrounds and groups.`,
  })
