/** Stands where something is being loaded. */
export const Placeholder = () => <div aria-hidden="true" className="breathing h-16 rounded-xl bg-line/50" />
