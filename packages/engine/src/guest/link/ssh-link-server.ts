import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import ssh2 from 'ssh2'
import type { RunKeys } from '../guest.ts'
import { wireKey } from '../identity/keys.ts'

/** For tests: an ssh server on a unix socket in place of a guest, whose platform folder is `folder`. */
export async function standInGuest(path: string, folder: string, keys: Pick<RunKeys, 'hostPrivate' | 'clientPublic'>) {
  const sockets = new Set<Socket>()
  const server = new ssh2.Server({ hostKeys: [keys.hostPrivate] }, (client) => {
    client.on('error', () => {})
    client.on('authentication', (request) => {
      const isOurs =
        request.method === 'publickey' && request.username === 'root' && request.key.data.equals(wireKey(keys.clientPublic))
      if (isOurs) request.accept()
      else request.reject()
    })
    client.on('session', (accept) => {
      const session = accept()
      let env: Record<string, string> = {}
      let kill = (_name: string) => {}
      session.on('pty', (acceptPty, _reject, { cols, rows }) => {
        env = { PTY: `${cols}x${rows}` }
        acceptPty()
      })
      session.on('signal', (acceptSignal, _reject, { name }) => {
        kill(name)
        acceptSignal?.()
      })
      session.on('exec', (acceptExec, _reject, { command }) => {
        // All that is said of this command in one piece, as of one that ends at once on a busy host.
        const isAtOnce = command.includes('at-once')
        if (isAtOnce) for (const socket of sockets) socket.cork()
        const channel = acceptExec()
        if (isAtOnce) {
          channel.write('done')
          channel.exit(3)
          channel.end()
          for (const socket of sockets) setImmediate(() => socket.uncork())
          return
        }
        const child = spawn('sh', ['-c', command], { cwd: folder, detached: true, env: { ...process.env, ...env } })
        const end = (name: string) => {
          try {
            if (child.pid) process.kill(-child.pid, `SIG${name}` as NodeJS.Signals)
          } catch {}
        }
        kill = end
        channel.on('error', () => {})
        // Where there is no such folder no command runs.
        child.on('error', () => {})
        channel.on('close', () => end('HUP'))
        child.stdin.on('error', () => {})
        channel.pipe(child.stdin)
        child.stdout.pipe(channel, { end: false })
        child.stderr.pipe(channel.stderr, { end: false })
        child.on('close', (code, signal) => {
          if (signal) channel.exit(signal.slice(3), false, '')
          else channel.exit(code ?? 0)
          channel.end()
        })
      })
    })
  })
  // net's own connections, to cut them as a reset of the VM does.
  const inner = (server as unknown as { _srv: Server })._srv
  inner.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await rm(path, { force: true })
  await new Promise<void>((resolve) => inner.listen(path, resolve))
  return {
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    /** Answers nothing any more, and closes nothing. */
    freeze() {
      for (const socket of sockets) socket.removeAllListeners('data').resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => inner.close(resolve))
    },
  }
}
