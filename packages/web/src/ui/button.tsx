import { Button as BaseButton } from '@base-ui/react/button'
import { Tooltip } from '@base-ui/react/tooltip'
import type { ReactNode } from 'react'
import { Icon, type IconName } from './icons.tsx'

type Look = 'primary' | 'plain' | 'quiet' | 'danger'

const looks: Record<Look, string> = {
  primary: 'bg-accent-fill text-white not-data-disabled:hover:brightness-110 border-transparent',
  plain: 'bg-raised text-ink border-line-strong not-data-disabled:hover:bg-hover',
  quiet: 'bg-transparent text-muted border-transparent not-data-disabled:hover:bg-hover not-data-disabled:hover:text-ink',
  danger: 'bg-bad-fill text-white border-transparent not-data-disabled:hover:brightness-110',
}

/** The classes of a button, for links that look like one. */
export const buttonClass = (look: Look = 'plain', isSquare = false): string =>
  `inline-flex h-8 items-center justify-center gap-1.5 rounded-md border text-[13px] font-medium whitespace-nowrap select-none transition-colors
  data-disabled:opacity-45 data-disabled:cursor-not-allowed ${isSquare ? 'w-8' : 'px-2.5'} ${looks[look]}`

export interface ButtonProps {
  readonly children: ReactNode
  readonly look?: Look
  readonly icon?: IconName
  /** Only the icon is seen; the text is its name and tooltip. */
  readonly iconOnly?: boolean
  /** Why it cannot be pressed now. It stays focusable, so that the keyboard reaches the reason too. */
  readonly refusal?: string | undefined
  readonly isBusy?: boolean
  readonly onClick?: () => void
  readonly type?: 'button' | 'submit'
  readonly isPressed?: boolean
}

export function Button({
  children,
  look,
  icon,
  iconOnly = false,
  refusal,
  isBusy = false,
  onClick,
  type,
  isPressed,
}: ButtonProps) {
  const tip = refusal ?? (iconOnly ? children : undefined)
  const isDisabled = refusal !== undefined || isBusy
  const button = (
    <BaseButton
      type={type ?? 'button'}
      className={buttonClass(look, iconOnly)}
      disabled={isDisabled}
      focusableWhenDisabled
      onClick={onClick}
      aria-busy={isBusy || undefined}
      aria-pressed={isPressed}
      aria-description={refusal}
      aria-label={iconOnly && typeof children === 'string' ? children : undefined}
    >
      {icon && <Icon name={icon} className={iconOnly ? '' : 'max-sm:hidden'} />}
      {iconOnly ? null : children}
    </BaseButton>
  )
  return tip === undefined ? button : <Tip text={tip}>{button}</Tip>
}

/** A short text at its only child, which must be focusable. */
export function Tip({ text, children }: { text: ReactNode; children: React.ReactElement }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger render={children as React.ReactElement<Record<string, unknown>>} />
      <Tooltip.Portal>
        <Tooltip.Positioner sideOffset={6} className="z-50">
          <Tooltip.Popup className="max-w-72 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-xs text-ink shadow-lg shadow-black/20 transition-opacity data-ending-style:opacity-0 data-starting-style:opacity-0">
            {text}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  )
}
