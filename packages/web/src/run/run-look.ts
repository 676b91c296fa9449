import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'

/** good: on; busy: on its way; off: at rest; bad: needs its owner. */
export type Tone = 'good' | 'busy' | 'off' | 'bad'

interface Look {
  readonly label: string
  readonly tone: Tone
  /** What the run's page says in place of its terminals; absent where the progress says it. */
  readonly about?: string
}

/** How each state of a run looks and reads. What may be done in it is model/run-state.ts's matter alone. */
export const runLook: Record<RunState, Look> = {
  CREATED: { label: 'Created', tone: 'busy' },
  WARMING_UP: { label: 'Preparing', tone: 'busy' },
  WARMED_UP: { label: 'Prepared', tone: 'busy' },
  STARTING: { label: 'Starting', tone: 'busy' },
  RUNNING: { label: 'Running', tone: 'good' },
  STOPPING: { label: 'Stopping', tone: 'busy', about: 'The machines are being switched off. Their files are kept.' },
  STOPPED: {
    label: 'Stopped',
    tone: 'off',
    about: 'The machines are switched off. Every file on their drives is kept.',
  },
  DESTROYING: { label: 'Destroying', tone: 'busy', about: 'The machines and their files are being removed.' },
  DESTROYED: { label: 'Destroyed', tone: 'off', about: 'This run was destroyed. Nothing of it is left on the host.' },
  FAILED: {
    label: 'Failed',
    tone: 'bad',
    about: 'What the drives hold is kept. Once the cause is mended, switch the run on again.',
  },
}

export const machineLook: Record<MachineState, Look> = {
  CREATED: { label: 'Created', tone: 'off' },
  WARMING_UP: { label: 'Preparing', tone: 'busy' },
  WARMED_UP: { label: 'Prepared', tone: 'busy' },
  STARTING: { label: 'Starting', tone: 'busy' },
  RUNNING: { label: 'Running', tone: 'good' },
  REBOOTING: { label: 'Rebooting', tone: 'busy' },
  STOPPING: { label: 'Stopping', tone: 'busy' },
  STOPPED: { label: 'Off', tone: 'off' },
  FAILED: { label: 'Failed', tone: 'bad' },
}
