import type { ITheme } from '@xterm/xterm'

const dark: ITheme = {
  background: '#0d1011',
  foreground: '#d8dedb',
  cursor: '#5fd0a5',
  cursorAccent: '#0d1011',
  selectionBackground: '#2c5546',
  scrollbarSliderBackground: '#ffffff22',
  scrollbarSliderHoverBackground: '#ffffff33',
  scrollbarSliderActiveBackground: '#ffffff44',
  black: '#1b2022',
  red: '#ee8a84',
  green: '#74cf9c',
  yellow: '#dfb66a',
  blue: '#7fb0ee',
  magenta: '#c9a0e6',
  cyan: '#6fc9cf',
  white: '#cfd6d3',
  brightBlack: '#6f7b78',
  brightRed: '#f7a8a2',
  brightGreen: '#96e2b8',
  brightYellow: '#efcf92',
  brightBlue: '#a4c8f7',
  brightMagenta: '#dcbdf2',
  brightCyan: '#98dfe3',
  brightWhite: '#f3f6f5',
}

const light: ITheme = {
  background: '#ffffff',
  foreground: '#1d2423',
  cursor: '#17795a',
  cursorAccent: '#ffffff',
  selectionBackground: '#bfe6d6',
  scrollbarSliderBackground: '#00000022',
  scrollbarSliderHoverBackground: '#00000033',
  scrollbarSliderActiveBackground: '#00000044',
  black: '#1d2423',
  red: '#b3312d',
  green: '#1b7a4b',
  yellow: '#8a5c00',
  blue: '#1f5fae',
  magenta: '#7d3fa8',
  cyan: '#0b7079',
  white: '#6d7774',
  brightBlack: '#56605d',
  brightRed: '#c9443f',
  brightGreen: '#258a59',
  brightYellow: '#9c6b0a',
  brightBlue: '#3272c4',
  brightMagenta: '#9153bd',
  brightCyan: '#1b828b',
  brightWhite: '#3d4644',
}

const wantsDark = matchMedia('(prefers-color-scheme: dark)')

export const currentPalette = (): ITheme => (wantsDark.matches ? dark : light)

/** Calls back whenever the person's choice of light or dark changes. Returns the way to stop. */
export function onPaletteChange(changed: (palette: ITheme) => void): () => void {
  const listener = () => changed(currentPalette())
  wantsDark.addEventListener('change', listener)
  return () => wantsDark.removeEventListener('change', listener)
}
