import { FitAddon } from '@xterm/addon-fit'
import { WebLinksAddon } from '@xterm/addon-web-links'
import { Terminal } from '@xterm/xterm'
import { boundedWrites } from './bounded-writes.ts'
import { currentPalette, onPaletteChange } from './palette.ts'
import { muteQueries } from './replay.ts'
import type { Screen, Size } from './shell-link.ts'

export interface XtermScreen extends Screen {
  readonly terminal: Terminal
  readonly focus: () => void
  readonly dispose: () => void
}

export interface ScreenOptions {
  readonly onInput: (input: string | Uint8Array) => void
  readonly onSize: (size: Size) => void
  /** Said when a reconnection found nothing to resume. */
  readonly anew: string
  readonly ended: (code: number) => string
}

const dim = (text: string) => `\r\n\x1b[0;2m${text}\x1b[0m\r\n`

/** An xterm.js terminal that fills `element`, follows its size and the colour scheme, and copies with Ctrl+Shift+C. */
export function openScreen(element: HTMLElement, { onInput, onSize, anew, ended }: ScreenOptions): XtermScreen {
  const terminal = new Terminal({
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue('--font-mono') || 'monospace',
    fontSize: 13,
    lineHeight: 1.25,
    scrollback: 10_000,
    cursorBlink: true,
    cursorInactiveStyle: 'outline',
    macOptionIsMeta: true,
    theme: currentPalette(),
  })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.loadAddon(new WebLinksAddon())
  const replay = muteQueries(terminal.parser)
  terminal.onData((text) => {
    replay.end()
    onInput(text)
  })
  // Mouse reports may hold bytes that are no UTF-8; xterm gives them one byte a character.
  terminal.onBinary((text) => onInput(Uint8Array.from(text, (character) => character.charCodeAt(0))))
  terminal.onResize(onSize)
  terminal.attachCustomKeyEventHandler((event) => !copies(event, terminal))
  terminal.open(element)
  fit.fit()

  let frame = 0
  const refit = () => {
    cancelAnimationFrame(frame)
    // A hidden panel has no size, and its shell is to keep the one it had.
    frame = requestAnimationFrame(() => element.clientWidth > 0 && element.clientHeight > 0 && fit.fit())
  }
  const observer = new ResizeObserver(refit)
  observer.observe(element)
  const stopPalette = onPaletteChange((palette) => {
    terminal.options.theme = palette
  })
  const write = boundedWrites((bytes, done) => terminal.write(bytes, done))

  return {
    terminal,
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
    write: (bytes) => {
      replay.sawOutput()
      return write(bytes)
    },
    async attached(again, resumed) {
      if (again && resumed) {
        // What is still queued for the parser would else come after the reset.
        await new Promise<void>((resolve) => terminal.write('', resolve))
        terminal.reset()
      } else if (again) {
        terminal.write(dim(anew))
      }
      if (resumed) replay.begin()
    },
    ended: (code) => terminal.write(dim(ended(code))),
    focus: () => terminal.focus(),
    dispose() {
      cancelAnimationFrame(frame)
      observer.disconnect()
      stopPalette()
      replay.end()
      terminal.dispose()
    },
  }
}

/** Ctrl+Shift+C and Ctrl+Insert copy the selection; pasting is left to the browser. True when the key was taken. */
function copies(event: KeyboardEvent, terminal: Terminal): boolean {
  const isCopy = event.ctrlKey && ((event.shiftKey && event.code === 'KeyC') || event.code === 'Insert')
  if (!isCopy || event.type !== 'keydown') return false
  event.preventDefault()
  // Without a secure context (plain http from another machine) there is no clipboard, only the context menu's Copy.
  if (terminal.hasSelection()) void navigator.clipboard?.writeText(terminal.getSelection())
  return true
}
