import { describeBytes } from '@ramet/model/units/bytes.ts'

interface StorageProps {
  readonly storage: { readonly exclusiveBytes: number; readonly sharedBytes: number } | undefined
}

/** What something takes on disk by itself; what it shares is told on closer look. Nothing while it is not known. */
export function Storage({ storage }: StorageProps) {
  if (!storage) return null
  const { exclusiveBytes, sharedBytes } = storage
  const shared = sharedBytes > 0 ? ` It stands on ${describeBytes(sharedBytes)} that it shares with others.` : ''
  const told = exclusiveBytes === 0 ? '0\u00a0B of its own' : describeBytes(exclusiveBytes)
  return (
    <span className="tabular" title={`${describeBytes(exclusiveBytes)} on disk are its own.${shared}`}>
      {told}
    </span>
  )
}
