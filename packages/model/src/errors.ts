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
    hint: 'Open the dashboard by the link that `npm start` printed.',
  })

export const notFound = (what: string, name: string, hint?: string) =>
  new RametError('not_found', 404, `There is no ${what} ${name}.`, { hint })

export const actionRefused = (action: string, state: string, otherwise: string) =>
  new RametError('action_refused', 409, `Cannot ${action} a run that is ${state}.`, { hint: otherwise })

export const nameTaken = (what: string, name: string, free?: string) =>
  new RametError('name_taken', 409, `There is already a ${what} named ${name}.`, {
    hint: free === undefined ? undefined : `${free} is free.`,
  })

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

export const unknownMachine = (machine: string, names: readonly string[]) =>
  new RametError('unknown_machine', 404, `The run has no machine ${machine}.`, { hint: `It has: ${names.join(', ')}.` })

export const imageBuildFailed = (image: string, why: string) =>
  new RametError('image_build_failed', 500, `The image ${image} could not be built: ${why}`, {
    hint: `Try again with: ramet image build ${image}`,
  })

export const vmFailed = (machine: string, why: string, cause?: unknown) =>
  new RametError('vm_failed', 500, `The machine ${machine} did not start: ${why}`, { cause })

export const unreachableServer = (endpoint: string, cause?: unknown) =>
  new RametError('server_unreachable', 503, `No Ramet server answers at ${endpoint}.`, {
    hint: 'Start it with: npm start',
    cause,
  })

export const internalError = () =>
  new RametError('internal_error', 500, 'The server met an error of its own.', {
    hint: 'Its log has the details under the id in the `x-request-id` header.',
  })
