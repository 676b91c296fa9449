import { formatBytes } from '../units/bytes.ts'
import { RametError } from './error.ts'

/** The vocabulary of failure: one factory a situation, so that it can be read on one page. Codes are stable. */

export const invalidInput = (message: string, where?: string, hint?: string) =>
  new RametError('invalid_input', 400, message, { where, hint })

export const notAuthenticated = () =>
  new RametError('not_authenticated', 401, 'No valid credentials came with the request.', {
    hint: 'On the machine of the server run `npx --no-install ramet`, which finds them by itself; elsewhere set RAMET_ENDPOINT and RAMET_TOKEN.',
  })

export const forbiddenOrigin = (origin: string) =>
  new RametError('forbidden_origin', 403, `Requests from the page ${origin} are not taken.`, {
    hint: 'Open the dashboard by the address that `npm start` and `ramet login` print.',
  })

export const notFound = (what: string, name: string, hint?: string) =>
  new RametError('not_found', 404, `There is no ${what} ${name}.`, { hint })

/** For things that the user may see but not do. What a user may not see is `not_found`. */
export const notPermitted = (permission: string) =>
  new RametError('not_permitted', 403, `Your account may not do that (${permission}).`)

/** For a token that was made for less. */
export const insufficientScope = (scope: string) =>
  new RametError(
    'insufficient_scope',
    403,
    scope === 'all' ? 'No token with scopes may do that.' : `The token has not the scope ${scope}.`,
    {
      hint: 'Make a token with it, or use one without scopes: POST /api/oauth/tokens',
    },
  )

export const officialPlayground = (name: string) =>
  new RametError('official_playground', 403, `The playground ${name} belongs to the catalogue.`, {
    hint: 'Only playgrounds of your own can be changed or removed: ramet playground catalog -f my-custom',
  })

export const actionRefused = (action: string, state: string, otherwise: string) =>
  new RametError('action_refused', 409, `Cannot ${action} a run that is ${state}.`, { hint: otherwise })

export const machineActionRefused = (action: string, machine: string, run: string, state: string, otherwise: string) =>
  new RametError('action_refused', 409, `Cannot ${action} the machine ${machine}: it is ${state}, its run ${run}.`, {
    hint: otherwise,
  })

/** `since`: RFC 3339. */
export const alreadyOver = (lifetime: string, since: string) =>
  new RametError('lifetime_over', 409, `The run has been on for longer than ${lifetime} already, since ${since}.`, {
    hint: 'Give it more, or stop it: ramet playground stop ID',
  })

export const nameTaken = (what: string, name: string, free?: string) =>
  new RametError('name_taken', 409, `There is already a ${what} named ${name}.`, {
    hint: free === undefined ? undefined : `${free} is free.`,
  })

/** For clone and save of a run whose first start failed or was cancelled: its drives contain only what every run of its playground begins with. */
export const neverUp = (action: string, id: string, playground: string) =>
  new RametError('never_up', 409, `Cannot ${action} a run that has never been up: it has nothing of its own yet.`, {
    hint: `Start another one with \`ramet playground start ${playground}\`, or bring this one up first with \`ramet playground restart ${id}\`.`,
  })

/** `biggest`: what frees most, as `run “Title” 12GiB`, biggest first. */
export const quotaExceeded = (usedBytes: number, quotaBytes: number, biggest: readonly string[]) =>
  new RametError(
    'quota_exceeded',
    409,
    `Stopped runs and saved playgrounds use ${formatBytes(usedBytes)} of the ${formatBytes(quotaBytes)} that they may.`,
    {
      hint: `The biggest: ${biggest.join(', ')}. Destroy or remove what you no longer need (\`ramet usage\` lists all), or give the server a greater --quota.`,
    },
  )

/** `biggest`: the owner's own runs that take most, each with the command that stops it. */
export const notEnoughMemory = (of: {
  readonly neededBytes: number
  readonly promisedBytes: number
  readonly totalBytes: number
  readonly runs: number
  readonly biggest: readonly string[]
}) =>
  new RametError(
    'not_enough_memory',
    409,
    `Not enough memory: this needs ${formatBytes(of.neededBytes)}, and of the ${formatBytes(of.totalBytes)} for runs ${formatBytes(of.promisedBytes)} are promised to ${of.runs} runs.`,
    {
      hint:
        of.neededBytes > of.totalBytes
          ? 'It would not fit alone: give its machines a smaller ramSize, or the server more for runs with --memory.'
          : of.biggest.length > 0
            ? `Stop a run that you do not need now. The biggest: ${of.biggest.join('; ')}`
            : 'Wait until others stop theirs, or give the server more for runs with --memory.',
    },
  )

export const inUse = (what: string, name: string, by: string) =>
  new RametError('in_use', 409, `The ${what} ${name} is in use by ${by}.`)

export const noSpace = (path: string, neededBytes: number, freeBytes: number) =>
  new RametError('no_space', 507, `Not enough space under ${path}: ${neededBytes} bytes are needed, ${freeBytes} are free.`, {
    hint: 'Destroy a run you no longer need (`ramet playground list -a`) or an image (`ramet image ls`), or move RAMET_HOME to a bigger disk.',
  })

export const missingProgram = (program: string, debianPackage: string) =>
  new RametError('missing_program', 503, `The program ${program} is not installed.`, {
    hint: `Install it with: apt-get install -y ${debianPackage}`,
  })

export const machineUnreachable = (machine: string, why: string) =>
  new RametError('machine_unreachable', 503, `The machine ${machine} cannot be reached: ${why}`, {
    hint: 'See what it printed with: ramet playground machine console ID NAME',
  })

/** `reason`: as its serial line tells it, part of a sentence. */
export const bootFailed = (machine: string, reason: string) =>
  new RametError('boot_failed', 503, `The machine ${machine} cannot boot: ${reason}.`, {
    hint: 'See what it printed with: ramet playground machine console ID NAME. What was cloned or saved before still boots; a new run has a new root.',
  })

/** The manifest says `noSSH`. What the machine printed can be read all the same. */
export const noWayIn = (machine: string) =>
  new RametError('no_ssh', 403, `The playground lets nobody into the machine ${machine}.`, {
    hint: 'What it printed can be read: ramet playground machine console ID NAME',
  })

/** Nothing listens there. */
export const portClosed = (machine: string, port: number) =>
  new RametError('port_closed', 502, `Nothing listens on port ${port} of the machine ${machine}.`, {
    hint: 'Start the service in the machine, and see that it listens: ss -ltn',
  })

export const unknownMachine = (machine: string, names: readonly string[]) =>
  new RametError('unknown_machine', 404, `The run has no machine ${machine}.`, { hint: `It has: ${names.join(', ')}.` })

export const unknownTask = (task: string, names: readonly string[]) =>
  new RametError('unknown_task', 404, `The run has no task ${task}.`, {
    hint: names.length === 0 ? undefined : `It has: ${names.join(', ')}.`,
  })

/** `is`: `has completed`, `is running`. */
export const taskNotFailed = (task: string, is: string) =>
  new RametError('task_not_failed', 409, `The task ${task} ${is}.`, { hint: 'Only a task that failed can be tried again.' })

export const imageBuildFailed = (image: string, why: string) =>
  new RametError('image_build_failed', 500, `The image ${image} could not be built: ${why}`, {
    hint: `Try again with: ramet image build ${image}`,
  })

/** Its build takes more than a start should begin unasked. `costs`: a sentence. */
export const imageNotBuilt = (image: string, costs: string) =>
  new RametError('image_not_built', 409, `The image ${image} is not built yet. ${costs}`, {
    hint: `Build it once: ramet image build ${image}`,
  })

/** For a source that was an image once, such as a folder whose content is gone. `hint`: what makes it one again. */
export const imageNotKnown = (image: string, hint: string) =>
  new RametError('image_not_built', 422, `The image ${image} is not here, and the server does not know how to make it.`, { hint })

/** Told before anything is started. `why`: a sentence. */
export const imageCannotBoot = (image: string, why: string) =>
  new RametError('image_cannot_boot', 422, `No machine can start from ${image}. ${why}`, {
    hint: 'Use another image as the root drive; this one can be mounted elsewhere.',
  })

/** `sizeBytes`: what its image needs. */
export const driveTooSmall = (machine: string, image: string, sizeBytes: number) =>
  new RametError(
    'drive_too_small',
    422,
    `A drive of ${machine} is too small for ${image}, which needs ${formatBytes(sizeBytes)}.`,
    {
      hint: 'Give it a bigger `size`.',
    },
  )

export const vmFailed = (machine: string, why: string, cause?: unknown) =>
  new RametError('vm_failed', 500, `The machine ${machine} did not start: ${why}`, { cause })

/** For a path of the server's under which somebody has put a link, a pipe or the like: only a VM that its guest took over does that. */
export const notPlain = (path: string, cause?: unknown) =>
  new RametError('not_plain', 500, `${path} is not what the server made there, so it is left alone.`, {
    cause,
    hint: 'The guest of that run may have broken out into its QEMU. Keep the folder for a look, and destroy the run.',
  })

/** `why`: as part of a sentence. For a drive's file with a header that no QEMU of ours writes. */
export const driveNotTrusted = (path: string, why: string) =>
  new RametError('drive_not_trusted', 500, `The drive file ${path} is not opened: ${why}.`, {
    hint: 'The guest of that run may have broken out into its QEMU. Keep the file for a look, and destroy the run.',
  })

/** `file`: relative to RAMET_HOME. */
export const driveStillWritten = (file: string) =>
  new RametError(
    'drive_still_written',
    409,
    `The layer ${file} can still be written to by a machine that is on, so no clone may stand on it.`,
    {
      hint: 'Stop the run, and clone it while it is off. The guest of that run may have broken out into its QEMU.',
    },
  )

/** `file`: relative to RAMET_HOME. */
export const layerMissing = (machine: string, driveIndex: number, file: string) =>
  new RametError('layer_missing', 500, `Drive ${driveIndex} of ${machine} is damaged: its layer ${file} is gone.`, {
    hint: 'Put the file back under RAMET_HOME and restart the run; `ramet fsck` lists all that is amiss.',
  })

export const unreachableServer = (endpoint: string, cause?: unknown) =>
  new RametError('server_unreachable', 503, `No Ramet server answers at ${endpoint}.`, {
    hint: 'Start it with: npm start',
    cause,
  })

export const internalError = () =>
  new RametError('internal_error', 500, 'The server met an error of its own.', {
    hint: 'Its log has the details under the id in the `x-request-id` header.',
  })

export const portTaken = (host: string, port: number) =>
  new RametError('port_taken', 409, `Another program listens on ${host}:${port} already.`, {
    hint: 'Choose another port with --port or RAMET_PORT; 0 takes any that is free.',
  })

export const cannotListen = (host: string, port: number, why: string) =>
  new RametError('cannot_listen', 503, `Cannot listen on ${host}:${port}: ${why}`, {
    hint: 'Choose an address of this machine with --host or RAMET_HOST, and a port with --port or RAMET_PORT.',
  })

export const bodyTooLarge = (maxBytes: number) =>
  new RametError('body_too_large', 413, `The body of the request is larger than ${maxBytes} bytes.`, {
    hint: 'This request takes no more than that; big files go into an image, or into a machine by `ramet ssh`.',
  })

/** For clients that take too long to send what they began. */
export const requestTooSlow = () =>
  new RametError('request_too_slow', 408, 'The request did not arrive in time.', { hint: 'Send it again.' })

/** For a source of requests, by its address, that is not logged in. */
export const tooManyRequests = () =>
  new RametError('too_many_requests', 429, 'Too many requests without a login come from this address.', {
    hint: 'Wait some seconds, or log in: requests with valid credentials are not counted.',
  })

export const tooManyConnections = () =>
  new RametError('too_many_connections', 429, 'Too many connections without a login are open from this address.', {
    hint: 'Close some, or wait some seconds: connections that send nothing are closed.',
  })

/** Time or memory ran out before the manifest was read. */
export const manifestTooComplex = (seconds: number) =>
  new RametError('manifest_too_complex', 400, `The manifest could not be read within ${seconds} s and the memory for it.`, {
    hint: 'Write it more simply: plain lists and maps, and long texts as block scalars (`|`).',
  })

/** For a program that asks to be let in. */
export const tooManyPending = () =>
  new RametError('too_many_pending_sessions', 429, 'Too many programs wait to be let in.', {
    hint: 'Wait some minutes, or log in with a token: labctl auth login -s any -t TOKEN',
  })

export const keyReused = () =>
  new RametError('idempotency_key_reused', 422, 'This Idempotency-Key came with another request before.', {
    hint: 'Use a new key for a new request.',
  })

/** The hint is read in browsers too, on the page that the link led to. */
export const wrongLoginToken = () =>
  new RametError('wrong_login_token', 401, 'This login link was used already, or is older than ten minutes.', {
    hint: 'On the machine of the server run `npx --no-install ramet login`, which prints another.',
  })

export const loginTooOld = () =>
  new RametError(
    'login_too_old',
    403,
    'A key opens your machines for longer than this login lasts, so it wants a login of the last ten minutes.',
    {
      hint: 'Log in again: by a new link, by your password, or from the command line with: ramet login URL --user NAME',
    },
  )

export const needsApiToken = () =>
  new RametError('needs_api_token', 403, 'A session of a browser cannot make login links.', {
    hint: 'On the machine of the server run `npx --no-install ramet login`; elsewhere set RAMET_ENDPOINT and RAMET_TOKEN.',
  })

export const tooManyLogins = () =>
  new RametError('too_many_logins', 429, 'Too many logins failed; the server takes no more for the moment.', {
    hint: 'Wait some seconds and try again.',
  })

export const poolExhausted = (pool: string) =>
  new RametError('pool_exhausted', 503, `No addresses are free in ${pool}.`, {
    hint: 'Stop a run, or give the server another pool of addresses.',
  })

export const uidsExhausted = (first: number, count: number) =>
  new RametError('uids_exhausted', 503, `All users from ${first} to ${first + count - 1} belong to runs.`, {
    hint: 'Stop a run. If none is on, remove /run/ramet/uids.',
  })

export const homeTooNew = (file: string, found: string, known: string) =>
  new RametError(
    'home_too_new',
    409,
    `${file} was written by a newer version of Ramet: it has ${found}, this version knows up to ${known}.`,
    {
      hint: 'Run the newer version on this home, or set RAMET_HOME to another folder.',
    },
  )

export const diskFull = (path: string) =>
  new RametError('no_space', 507, `The disk that holds ${path} is full.`, {
    hint: 'Destroy a run you no longer need (`ramet playground list -a`) or an image (`ramet image ls`), or move RAMET_HOME to a bigger disk.',
  })

/** As machineUnreachable, where the name of the machine is not known; the same code, since it is the same failure. */
export const guestUnreachable = (why: string) =>
  new RametError('machine_unreachable', 503, `The machine cannot be reached: ${why}`, {
    hint: 'See what it printed with: ramet playground machine console ID NAME',
  })
