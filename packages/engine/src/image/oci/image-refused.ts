import { RametError } from '@ramet/model/errors/error.ts'

/** The image itself is to blame: it says or holds what none may, or is none that a machine can start from. */
export const imageRefused = (why: string, hint = 'Nothing of it was kept. Tell whoever makes it, or use another.') =>
  new RametError('image_refused', 422, why, { hint })
