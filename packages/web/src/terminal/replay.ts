import type { IParser } from '@xterm/xterm'

/** The replayed scrollback counts as over when nothing came for so long. */
const quietMs = 250

/**
 * A replayed scrollback holds the questions that programs once asked their terminal (cursor position, colours, device attributes). Answered
 * again they would land in the shell as typed text, so they are swallowed from `begin` until the output pauses or somebody types.
 */
export function muteQueries(parser: IParser) {
  let isMuted = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const end = () => {
    clearTimeout(timer)
    isMuted = false
  }
  const extend = () => {
    clearTimeout(timer)
    timer = setTimeout(end, quietMs)
  }
  const swallow = () => isMuted
  // Device attributes, status reports, mode reports (xterm control sequences: DA1, DA2, DSR, DECDSR, DECRQM, window reports).
  for (const id of [
    { final: 'c' },
    { prefix: '>', final: 'c' },
    { prefix: '=', final: 'c' },
    { final: 'n' },
    { prefix: '?', final: 'n' },
    { intermediates: '$', final: 'p' },
    { prefix: '?', intermediates: '$', final: 'p' },
    { final: 't' },
  ]) {
    parser.registerCsiHandler(id, swallow)
  }
  for (const code of [4, 10, 11, 12]) parser.registerOscHandler(code, (data) => isMuted && data.includes('?'))
  parser.registerDcsHandler({ intermediates: '$', final: 'q' }, swallow)

  return {
    begin: () => {
      isMuted = true
      extend()
    },
    sawOutput: () => {
      if (isMuted) extend()
    },
    end,
  }
}
