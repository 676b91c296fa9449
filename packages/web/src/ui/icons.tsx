/** 16 px line icons of our own, drawn with the text's colour; decoration only, so hidden from assistive technology. */
const paths = {
  play: 'M5 3.5v9l7.5-4.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  power: 'M8 2.2v5M5 4.2a4.8 4.8 0 1 0 6 0',
  restart: 'M12.8 8a4.8 4.8 0 1 1-1.5-3.5M12.9 2v2.9H10',
  trash: 'M3 4.5h10M6.5 4V2.8h3V4M4.5 4.5l.6 8.7h5.8l.6-8.7M6.8 7v3.8M9.2 7v3.8',
  arrow: 'M3.5 8h9M9 4.5 12.5 8 9 11.5',
  pencil: 'M10.6 3.2l2.2 2.2L6 12.2l-2.9.7.7-2.9z',
  plus: 'M8 3.5v9M3.5 8h9',
  close: 'M4.5 4.5l7 7M11.5 4.5l-7 7',
  copy: 'M6 6h6.5v6.5H6zM3.5 10V3.5H10',
  check: 'M3.5 8.5l3 3 6-7',
  alert: 'M8 2.5l6 10.5H2zM8 6.5v3M8 11.2v.1',
  panel: 'M2.5 3.5h11v9h-11zM9.8 3.5v9',
  refresh: 'M3.2 8a4.8 4.8 0 0 1 8.1-3.5M12.8 8a4.8 4.8 0 0 1-8.1 3.5M11.5 2v2.7H8.8M4.5 14v-2.7h2.7',
  clone: 'M6.5 2.5h7v7h-7zM4 5.5H2.5v8h8V12',
  save: 'M4 2.5h8v11L8 10.3 4 13.5z',
  playground: 'M8 2 13.5 5v6L8 14 2.5 11V5zM2.8 5.2 8 8l5.2-2.8M8 8v5.7',
  share: 'M8 9.5v-7M5.5 5 8 2.5 10.5 5M4.8 7.5H3.5v6h9v-6h-1.3',
  plug: 'M6 2.5v3M10 2.5v3M4.5 5.5h7v2a3.5 3.5 0 0 1-7 0zM8 11v2.5',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, className = '' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 16 16"
      aria-hidden="true"
      className={`size-4 shrink-0 ${className}`}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  )
}

/** Two shoots of one root: the product's mark. */
export function Mark({ className = '' }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={`text-accent ${className}`} fill="none">
      <path d="M3 20h18M7 20v-5M17 20V9" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
      <path d="M7 15c-3 0-4-2-4-5 3 0 4 2 4 5zm0 0c3 0 4-2 4-5-3 0-4 2-4 5z" fill="currentColor" />
      <path d="M17 9c-3 0-4-2-4-6 3 0 4 3 4 6zm0 0c3 0 4-2 4-6-3 0-4 3-4 6z" fill="currentColor" />
    </svg>
  )
}
