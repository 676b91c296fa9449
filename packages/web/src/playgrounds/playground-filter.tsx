import type { Playground } from '@ramet/model/api/wire.ts'
import { outOfReach } from '@ramet/model/plan/needs.ts'
import { type Choice, categoriesOf } from './choose-playgrounds.ts'

interface PlaygroundFilterProps {
  readonly playgrounds: readonly Playground[]
  readonly choice: Choice
  readonly onChoice: (choice: Choice) => void
}

/** Search, categories, and whether those are shown that need a registry out of reach. */
export function PlaygroundFilter({ playgrounds, choice, onChoice }: PlaygroundFilterProps) {
  const unreachable = playgrounds.filter((playground) => outOfReach(playground).length > 0)
  const offered = choice.withUnreachable ? playgrounds : playgrounds.filter((each) => !unreachable.includes(each))
  return (
    <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-2 text-[13px]">
      <input
        type="search"
        aria-label="Search the catalogue"
        placeholder="Search"
        value={choice.words}
        onChange={({ target }) => onChoice({ ...choice, words: target.value })}
        className="h-8 w-44 rounded-md border border-line-strong bg-surface px-2.5"
      />
      <fieldset className="flex flex-wrap gap-1.5" aria-label="Categories">
        {categoriesOf(offered).map(({ name, count }) => (
          <button
            key={name}
            type="button"
            aria-pressed={choice.category === name}
            onClick={() => onChoice({ ...choice, category: choice.category === name ? undefined : name })}
            className="rounded-full border border-line px-2.5 py-0.5 text-xs text-muted hover:border-line-strong aria-pressed:border-accent aria-pressed:text-accent"
          >
            {name} <span className="tabular text-faint">{count}</span>
          </button>
        ))}
      </fieldset>
      {unreachable.length > 0 && (
        <label className="flex items-center gap-1.5 text-xs text-muted">
          <input
            type="checkbox"
            checked={choice.withUnreachable}
            onChange={({ target }) => onChoice({ ...choice, withUnreachable: target.checked })}
          />
          {unreachable.length} that need{unreachable.length === 1 ? 's' : ''} internet
        </label>
      )}
    </div>
  )
}
