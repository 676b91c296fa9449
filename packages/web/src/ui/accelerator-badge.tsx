import { useQuery } from '@tanstack/react-query'
import { queries } from '../api/queries.ts'
import { Tip } from './button.tsx'

const explanations = {
  kvm: { label: 'KVM', text: 'Machines run on the processor itself (KVM), at nearly full speed.' },
  tcg: {
    label: 'TCG',
    text: 'This host offers no usable KVM, so QEMU emulates the processor (TCG): everything works, several times slower.',
  },
  fake: { label: 'Fake world', text: 'No machine here is real: the server plays them, for development and demos.' },
  unknown: { label: 'Probing…', text: 'The server is finding out whether this host can run machines on the processor itself.' },
} as const

/** How machines are executed on this host, with what that means. */
export function AcceleratorBadge() {
  const { data: health } = useQuery(queries.health())
  if (!health) return null
  const { label, text } = explanations[health.accelerator ?? 'unknown']
  return (
    <Tip text={text}>
      <button
        type="button"
        aria-label={`Accelerator: ${label}. ${text}`}
        className="cursor-help! rounded-full border border-line-strong px-2 py-0.5 text-[11px] font-medium tracking-wide whitespace-nowrap text-muted"
      >
        {label}
      </button>
    </Tip>
  )
}
