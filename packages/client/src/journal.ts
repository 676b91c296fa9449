import type { JournalFrame } from '@ramet/model/api/journal.ts'
import { RametError } from '@ramet/model/errors/error.ts'

/** Frames of a journal's websocket, as they come, to the one that has `eof`. Ends when the signal aborts. Throws `connection_lost`. */
export async function* readJournal(url: string, signal?: AbortSignal): AsyncGenerator<JournalFrame, void, undefined> {
  const socket = new WebSocket(url)
  const frames: JournalFrame[] = []
  let isOver = false
  let wake = () => {}
  const end = () => {
    isOver = true
    wake()
  }
  socket.onmessage = ({ data }) => {
    frames.push(JSON.parse(String(data)) as JournalFrame)
    wake()
  }
  socket.onclose = end
  signal?.addEventListener('abort', end, { once: true })
  try {
    for (;;) {
      const frame = frames.shift()
      if (frame) {
        yield frame
        if (frame.eof) return
      } else if (signal?.aborted) return
      else if (isOver) throw lost()
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    signal?.removeEventListener('abort', end)
    socket.close()
  }
}

const lost = () =>
  new RametError('connection_lost', 503, 'The connection to the journal ended.', {
    hint: 'Ask for it again; the machine goes on.',
  })
