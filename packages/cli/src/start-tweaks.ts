import type { Tweaks } from '@ramet/model/manifest/tweak-spec.ts'
import { type Command, InvalidArgumentError } from 'commander'

/** What the options of `start` that change a playground for one run collect. */
export interface TweakOptions {
  readonly without?: readonly string[]
  readonly cpu?: Changes
  readonly ram?: Changes
  readonly drive?: Changes
  readonly address?: Changes
}

type Machines = NonNullable<Tweaks['machines']>
type Changes = readonly { readonly machine: string; readonly change: Machines[string] }[]

/** Adds the options; what they name is checked by the server, which knows the playground. */
export function addTweakOptions(command: Command): Command {
  return command
    .option('--without <machine>', 'leave a machine out, with its tabs and tasks; may be given several times', collect)
    .option('--cpu <machine=count>', 'CPUs of a machine; may be given several times', collectChange(cpu))
    .option('--ram <machine=size>', 'memory of a machine, such as web=1GiB', collectChange(ram))
    .option(
      '--drive <machine[:mount]=size>',
      'size of a drive, such as web=40GiB (its root drive) or web:/data=5GiB',
      collectChange(drive),
    )
    .option(
      '--address <machine.network=address>',
      'address of a machine on a network, such as web.edge=10.10.0.50',
      collectChange(address),
    )
}

/** The body's `tweaks`; undefined without any. */
export function tweaksOf({ without, cpu = [], ram = [], drive = [], address = [] }: TweakOptions): Tweaks | undefined {
  const machines: Record<string, Machines[string]> = {}
  for (const { machine, change } of [...cpu, ...ram, ...drive, ...address]) {
    const before = machines[machine] ?? {}
    machines[machine] = {
      ...before,
      ...change,
      ...(before.drives || change.drives ? { drives: { ...before.drives, ...change.drives } } : {}),
      ...(before.addresses || change.addresses ? { addresses: { ...before.addresses, ...change.addresses } } : {}),
    }
  }
  const hasMachines = Object.keys(machines).length > 0
  if (without === undefined && !hasMachines) return undefined
  return { ...(without === undefined ? {} : { without: [...without] }), ...(hasMachines ? { machines } : {}) }
}

const collect = (value: string, before: readonly string[] = []) => [...before, value]

type Parse = (what: string, value: string) => Changes[number] | undefined

const cpu: Parse = (machine, count) => (/^\d{1,4}$/.test(count) ? { machine, change: { cpuCount: Number(count) } } : undefined)
const ram: Parse = (machine, ramSize) => ({ machine, change: { ramSize } })
const drive: Parse = (what, size) => {
  const at = what.indexOf(':')
  const [machine, mount] = at < 0 ? [what, '/'] : [what.slice(0, at), what.slice(at + 1)]
  return { machine, change: { drives: { [mount]: size } } }
}
const address: Parse = (what, value) => {
  const [machine = '', network = '', ...more] = what.split('.')
  return machine === '' || network === '' || more.length > 0
    ? undefined
    : { machine, change: { addresses: { [network]: value } } }
}

/** `WHAT=VALUE`, beside those given before. Throws InvalidArgumentError. */
const collectChange =
  (parse: Parse) =>
  (pair: string, before: Changes = []): Changes => {
    const at = pair.indexOf('=')
    const change = at < 1 || at === pair.length - 1 ? undefined : parse(pair.slice(0, at), pair.slice(at + 1))
    if (!change) throw new InvalidArgumentError('See the help for its form.')
    return [...before, change]
  }
