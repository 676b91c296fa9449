import { pino } from 'pino'
import { ensureWebBundle } from '../web/bundle.ts'

/**
 * Before tests start servers: each would begin to build the web app, most are ended before that is done, and a build whose server was killed goes on for nobody. (A clone in which
 * no build had come to its end had 88 unfinished ones after 40 minutes of tests and measured starts. One whole build took 2.6 s of CPU.) Never throws.
 */
export const buildWebApp = (): Promise<void> => ensureWebBundle({ log: pino({ level: 'warn' }) }).done
