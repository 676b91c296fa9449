import { client } from '../api/client.ts'
import { sessionName } from './terminal-tabs.ts'
import { TerminalView } from './terminal-view.tsx'

/** The shell `web-<number>` of a machine; the guest keeps it, so every window that shows it shows the same one. */
export function MachineTerminal({ id, machine, number }: { id: string; machine: string; number: number }) {
  return (
    <TerminalView
      label={number === 1 ? `Terminal of ${machine}` : `Terminal ${number} of ${machine}`}
      open={(size) => client.terminal(id, machine, sessionName(number), size)}
      anew="The shell is a new one: the machine was started again."
      ended={(code) => `The shell ended (code ${code}). Press Enter for a new one.`}
    />
  )
}
