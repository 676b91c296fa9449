import { pino } from 'pino'
import { ensureWebBundle } from '../web/bundle.ts'

/**
 * Before tests start servers: each would begin to build the web app, most are ended before that is done, and a build whose server was killed goes on for nobody (88 of
 * 2.6 s of CPU each were counted in an hour of crash tests). Never throws.
 */
export const buildWebApp = (): Promise<void> => ensureWebBundle({ log: pino({ level: 'warn' }) }).done
