/** Whose browser is to be opened. */
export interface Desktop {
  /** Absent: that of this process. */
  readonly user?: { readonly uid: number; readonly gid: number }
  readonly env: NodeJS.ProcessEnv
}

/** What a program on a desktop needs of the environment that sudo leaves. */
const kept = ['PATH', 'LANG', 'DISPLAY', 'WAYLAND_DISPLAY', 'XAUTHORITY', 'XDG_CURRENT_DESKTOP']

/**
 * The desktop that this process belongs to; undefined without a display. Under sudo it is that of the user who called sudo: browsers refuse to run as
 * root, or do it unguarded. `passwd`: text of /etc/passwd. Pure.
 */
export function desktopOf(env: NodeJS.ProcessEnv, uid: number | undefined, passwd: string): Desktop | undefined {
  if (!env.DISPLAY && !env.WAYLAND_DISPLAY) return undefined
  const [caller, group] = [number(env.SUDO_UID), number(env.SUDO_GID)]
  if (uid !== 0 || !caller || group === undefined) return { env }
  const home = passwd
    .split('\n')
    .find((line) => line.split(':')[2] === String(caller))
    ?.split(':')[5]
  const runtime = `/run/user/${caller}`
  return {
    user: { uid: caller, gid: group },
    env: {
      ...Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
      HOME: home ?? '/',
      XDG_RUNTIME_DIR: runtime,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtime}/bus`,
    },
  }
}

const number = (text: string | undefined) => (text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined)
