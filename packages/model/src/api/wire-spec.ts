import { z } from 'zod'
import { initTaskSchema, type ManifestSpec, machineSchema } from '../manifest/manifest.ts'
import type { StoredSpec } from '../manifest/stored-spec.ts'

/**
 * A playground's spec as clients written for the original read it: labctl decodes `kernel` as an object and nothing of the list when it is anything else, the Terraform provider reads
 * `noSsh`, `timeoutSeconds` and the `name` of a task. What a client writes is read in all spellings (plain-document.ts).
 */
export const wireMachineSchema = machineSchema.extend({
  kernel: z.object({ source: z.string() }).optional(),
  noSsh: z.boolean().optional(),
})
export const wireTaskSchema = initTaskSchema.extend({ name: z.string(), timeoutSeconds: z.int().optional() })

type WireMachine = z.output<typeof wireMachineSchema>
type WireTask = z.output<typeof wireTaskSchema>

interface WireSpec {
  readonly machines: WireMachine[]
  readonly initTasks?: Record<string, WireTask> | undefined
}

/** The parts of a spec that are answered otherwise than they are stored. */
export function wireSpec({ machines, initTasks }: Pick<StoredSpec, 'machines' | 'initTasks'>): WireSpec {
  return {
    machines: machines.map(({ kernel, ...machine }) => ({
      ...machine,
      ...(kernel === undefined || kernel === '' ? {} : { kernel: { source: kernel } }),
      ...(machine.noSSH === undefined ? {} : { noSsh: machine.noSSH }),
    })),
    ...(initTasks === undefined
      ? {}
      : {
          initTasks: Object.fromEntries(
            Object.entries(initTasks).map(([name, task]) => [
              name,
              { ...task, name, ...(task.timeout_seconds === undefined ? {} : { timeoutSeconds: task.timeout_seconds }) },
            ]),
          ),
        }),
  }
}

/** A spec as it was answered, as it was written: for printing, and where a manifest's rules look at it. */
export function plainSpec<W extends Partial<WireSpec>>(
  answered: W,
): Omit<W, keyof WireSpec> & Pick<ManifestSpec, 'machines' | 'initTasks'> {
  const { machines = [], initTasks, ...rest } = answered
  return {
    ...rest,
    machines: machines.map(({ noSsh: _, kernel, ...machine }) => ({ ...machine, kernel: kernel?.source })),
    initTasks:
      initTasks &&
      Object.fromEntries(
        Object.entries(initTasks).map(([key, { timeoutSeconds: _, name, ...task }]) => [
          key,
          { ...task, name: name === key ? undefined : name },
        ]),
      ),
  }
}
