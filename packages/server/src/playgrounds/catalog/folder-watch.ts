import { type FSWatcher, watch } from 'node:fs'

/** Calls `onChange` some time after anything changed in one of a set of folders. What cannot be watched is left out: whoever watches looks again now and then. */
export class FolderWatch implements Disposable {
  readonly #onChange: () => void
  readonly #watchers = new Map<string, FSWatcher>()
  #timer: NodeJS.Timeout | undefined

  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** The folders from now on. One that was removed and made again under its name is watched again. */
  set(folders: readonly string[]): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folders.includes(folder)) continue
      watcher.close()
      this.#watchers.delete(folder)
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watch(folder)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.set([])
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        // A folder that is removed tells so under its own name, once, and its watcher is dead (inotify(7), IN_DELETE_SELF).
        if (event === 'rename' && folder.endsWith(`/${name}`)) this.#forget(folder)
        this.#soon()
      })
      watcher.on('error', () => this.#forget(folder))
      this.#watchers.set(folder, watcher)
    } catch {
      // Gone already, or no more watches (fs.inotify.max_user_watches).
    }
  }

  #forget(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    this.#soon()
  }

  /** A checkout writes many files: they are one change. */
  #soon(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#onChange, settledMs).unref()
  }
}

const settledMs = 200
