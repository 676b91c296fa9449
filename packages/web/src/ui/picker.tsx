interface PickerProps {
  readonly label: string
  readonly value: string
  readonly options: readonly { readonly value: string; readonly text: string }[]
  readonly onPick: (value: string) => void
}

/** The platform's own select: it is at home on a phone and known to every screen reader. */
export function Picker({ label, value, options, onPick }: PickerProps) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => onPick(event.target.value)}
      className="h-8 max-w-48 rounded-md border border-line-strong bg-raised px-2 text-[13px]"
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.text}
        </option>
      ))}
    </select>
  )
}
