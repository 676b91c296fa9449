import { routes } from '@ramet/model/api/routes.ts'
import { type PlayAction, playActionSchema, playSchema } from '@ramet/model/api/wire.ts'
import { z } from 'zod'
import { permitScope } from '../../access/permit.ts'
import type { Runs, User } from '../../services.ts'
import { sendContent } from '../long-text.ts'
import { type Route, route } from '../route.ts'
import { validate } from '../validate.ts'

export const actionRoutes = (runs: Runs): Route[] => [
  route({
    method: 'POST',
    path: routes.actions(':id'),
    permission: 'run.change',
    params: ['id'],
    summary: 'Does something to a run; answers at once, with the run on its way',
    body: z.unknown().meta({ $ref: '#/components/schemas/PlayAction' }),
    answer: z.union([playSchema, z.object({ consoles: z.array(z.string()) }), z.object({ content: z.string() })]),
    async handle({ user, params, body, reply }) {
      const action = validate(playActionSchema, body)
      const isDestroying = action.action === 'destroy' || (action.action === 'set_max_play_time' && action.atEnd === 'destroy')
      if (isDestroying) permitScope(user, 'run.destroy')
      if (action.action === 'machine.console.read') {
        return sendContent(reply, await runs.readConsole(user, params.id, action.machine, action.console))
      }
      return act(runs, user, params.id, action)
    },
  }),
]

async function act(runs: Runs, user: User, id: string, action: Exclude<PlayAction, { action: 'machine.console.read' }>) {
  switch (action.action) {
    case 'stop':
      return runs.stop(user, id, { powerOff: action.powerOff ?? false })
    case 'restart':
      return runs.restart(user, id, { cold: action.cold ?? false })
    case 'destroy':
      return runs.destroy(user, id)
    case 'make_persistent':
      // Every run is kept until it is destroyed; this one also when its time is over.
      return runs.setLifetime(user, id, { atEnd: 'stop' })
    case 'set_max_play_time':
      return runs.setLifetime(user, id, {
        minutes: action.maxPlayTimeMinutes || null,
        ...(action.atEnd === undefined ? {} : { atEnd: action.atEnd }),
      })
    case 'set_title':
      return runs.setTitle(user, id, action.title)
    case 'task.retry':
      return runs.retryTask(user, id, action.task)
    case 'machine.stop':
    case 'machine.restart':
    case 'machine.reboot':
      return runs.machine(user, id, action.action, action.machine)
    case 'machine.console.list':
      return { consoles: await runs.consoles(user, id, action.machine) }
  }
}
