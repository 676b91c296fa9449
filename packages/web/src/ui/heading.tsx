/** Of a section of a page, with how many things there are in it. */
export function Heading({ id, count, children }: { id: string; count?: number | undefined; children: string }) {
  return (
    <div className="mb-3 flex items-baseline gap-2">
      <h2 id={id} className="scroll-mt-6 text-[15px] font-semibold tracking-tight">
        {children}
      </h2>
      {count !== undefined && count > 0 && <span className="tabular text-[13px] text-faint">{count}</span>}
    </div>
  )
}
