/** What a program in a jail is, gets and sees; `native/jail` says what each means. Every path is absolute, and the same inside. */
export interface Jail {
  /** User and group. */
  readonly uid: number
  readonly root: string
  readonly groups?: readonly string[]
  readonly networkNamespace?: string | undefined
  readonly record?: { readonly file: string; readonly text: string }
  /** File for how it ended. */
  readonly end?: string
  /** Sockets by descriptor: `listen` for root alone, `meet` for the user as well. */
  readonly listen?: Readonly<Record<number, string>>
  readonly meet?: Readonly<Record<number, string>>
  /** Interfaces by descriptor. */
  readonly taps?: Readonly<Record<number, string>>
  /** Descriptors besides 0, 1 and 2 that the caller gives. */
  readonly keep?: readonly number[]
  readonly system?: readonly string[]
  readonly read?: readonly string[]
  /** Files to be read that are never written again: while any process still could, nothing is started. */
  readonly sealed?: readonly string[]
  readonly folders?: readonly { readonly here: string; readonly there: string }[]
  readonly devices?: readonly string[]
  /** Those that it may make; otherwise it has those that it is given. */
  readonly sockets?: 'unix' | 'any'
  readonly environment?: Readonly<Record<string, string>>
}

/** Returns the whole argv; pure. `program`: path of `native/jail`, compiled. */
export function jailCommandLine(program: string, jail: Jail, argv: readonly [string, ...string[]]): [string, ...string[]] {
  const byDescriptor = (option: string, all: Readonly<Record<number, string>> = {}) =>
    Object.entries(all).flatMap(([descriptor, value]) => [option, descriptor, value])
  const each = (option: string, all: readonly (string | number)[] = []) => all.flatMap((value) => [option, String(value)])
  return [
    program,
    ...['uid', String(jail.uid), 'root', jail.root],
    ...each('group', jail.groups),
    ...each('netns', jail.networkNamespace === undefined ? [] : [`/run/netns/${jail.networkNamespace}`]),
    ...(jail.record ? ['record', jail.record.file, jail.record.text] : []),
    ...each('end', jail.end === undefined ? [] : [jail.end]),
    ...each('keep', jail.keep),
    ...byDescriptor('listen', jail.listen),
    ...byDescriptor('meet', jail.meet),
    ...byDescriptor('tap', jail.taps),
    ...each('system', jail.system),
    ...(jail.folders ?? []).flatMap(({ here, there }) => ['folder', here, there]),
    ...each('sealed', jail.sealed),
    ...each('read', jail.read),
    ...each('device', jail.devices),
    ...each('sockets', jail.sockets ? [jail.sockets] : []),
    ...each(
      'env',
      Object.entries(jail.environment ?? {}).map(([name, value]) => `${name}=${value}`),
    ),
    '--',
    ...argv,
  ]
}
