import type { Condition, Play, PlayMachine } from '@ramet/model/api/wire.ts'
import { describeBytes, parseBytes } from '@ramet/model/units/bytes.ts'
import { CopyText } from '../ui/copy-button.tsx'
import { Facts, Mono, Part } from '../ui/facts.tsx'
import { Icon } from '../ui/icons.tsx'
import { MachineButtons } from './machine-buttons.tsx'
import { MachineStateBadge } from './state-badge.tsx'

/** One machine: how it is, what it has, where it is reached. */
export function MachineDetails({ play, machine }: { play: Play; machine: PlayMachine }) {
  const conditions = play.status.machines.find((one) => one.name === machine.name)?.conditions ?? []
  const { name, resources, users, interfaces, drives, hostAddress } = machine
  const ramBytes = parseBytes(resources.ramSize)
  return (
    <Part
      title={name}
      aside={
        <span className="flex items-center gap-2">
          <MachineStateBadge state={machine.state} />
          <MachineButtons play={play} machine={machine} />
        </span>
      }
    >
      {conditions.map(
        ({ name: condition, message }) =>
          message && (
            <p key={condition} className="mb-2 text-[13px] text-bad wrap-anywhere">
              {message}
            </p>
          ),
      )}

      <Facts
        facts={[
          ['CPUs', String(resources.cpuCount)],
          ['RAM', ramBytes === undefined ? resources.ramSize : describeBytes(ramBytes)],
          [
            'Users',
            users.length > 0 ? users.map((user) => (user.default ? `${user.name} (default)` : user.name)).join(', ') : undefined,
          ],
          ['Host address', hostAddress && <CopyText key="host" text={hostAddress} what={`host address of ${name}`} />],
          [
            'Networks',
            interfaces.length > 0 ? (
              <ul key="networks">
                {interfaces.map((one) => (
                  <li key={one.name} title={`${one.name}, MAC ${one.mac}`}>
                    <Mono>{one.address}</Mono> <span className="text-faint">{one.network}</span>
                  </li>
                ))}
              </ul>
            ) : undefined,
          ],
          [
            'Drives',
            drives.length > 0 ? (
              <ul key="drives">
                {drives.map((drive, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a drive is its place in the list
                  <li key={index}>
                    {describeBytes(drive.sizeBytes)}
                    <span className="text-faint">
                      {drive.mount ? ` at ${drive.mount}` : ', raw'}
                      {drive.source && (
                        <>
                          {' '}
                          from <span className="whitespace-nowrap">{drive.source}</span>
                        </>
                      )}
                      {drive.readOnly ? ', read-only' : ''}
                      {drive.partitioned ? `, partitioned (${drive.partitioned.toUpperCase()})` : ''}
                    </span>
                  </li>
                ))}
              </ul>
            ) : undefined,
          ],
          ['Access', machine.noSSH ? 'Nobody: the playground closed it' : undefined],
          [
            'Conditions',
            // Of a machine that is off they say nothing but that.
            conditions.length > 0 && machine.state !== 'STOPPED' ? (
              <ul key="conditions" className="flex flex-wrap gap-x-3">
                {conditions.map((condition) => (
                  <ConditionItem key={condition.name} condition={condition} />
                ))}
              </ul>
            ) : undefined,
          ],
        ]}
      />
    </Part>
  )
}

const readings = {
  True: { icon: 'check', text: 'yes', look: 'text-accent' },
  False: { icon: 'close', text: 'no', look: 'text-faint' },
  Unknown: { icon: 'alert', text: 'unknown', look: 'text-busy' },
} as const

function ConditionItem({ condition: { name, status, message } }: { condition: Condition }) {
  const { icon, text, look } = readings[status]
  return (
    <li className="flex items-center gap-1" title={message}>
      <Icon name={icon} className={`size-3.5! ${look}`} />
      {name}
      <span className="sr-only">: {text}</span>
    </li>
  )
}
