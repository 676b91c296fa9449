import { randomBytes } from 'node:crypto'

/** Ids of runs, playgrounds and layers: 24 random hex digits. */
export const newId = (): string => randomBytes(12).toString('hex')
