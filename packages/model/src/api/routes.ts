/** The one place where URLs of the API are made. Paths are relative to the server's address. */
const enc = encodeURIComponent

export const routes = {
  health: () => '/api/health',
  me: () => '/api/auth/me',
  login: () => '/api/auth/login',
  loginLinks: () => '/api/auth/links',
  logout: () => '/api/auth/logout',
  sessions: () => '/api/auth/sessions',
  preferences: () => '/api/account/preferences',
  signInUrl: () => '/api/auth/signin-url',
  tokens: () => '/api/oauth/tokens',
  /** Sessions of programs, as labctl logs in; `sessions` above is all browsers'. */
  programs: () => '/api/sessions',
  program: (id: string) => `/api/sessions/${enc(id)}`,
  approval: (id: string) => `/api/sessions/${enc(id)}/approval`,
  search: () => '/api/search',
  tls: () => '/api/tls',
  sshGateway: () => '/api/ssh',
  sshKeys: () => '/api/ssh/keys',
  sshKey: (id: string) => `/api/ssh/keys/${enc(id)}`,
  playgrounds: () => '/api/playgrounds',
  playground: (name: string) => `/api/playgrounds/${enc(name)}`,
  playgroundLineage: (name: string) => `/api/playgrounds/${enc(name)}/lineage`,
  usage: () => '/api/usage',
  catalog: () => '/api/catalog',
  manifestCheck: () => '/api/manifests/check',
  plays: () => '/api/plays',
  play: (id: string) => `/api/plays/${enc(id)}`,
  tasks: (id: string) => `/api/plays/${enc(id)}/tasks`,
  actions: (id: string) => `/api/plays/${enc(id)}/actions`,
  clones: (id: string) => `/api/plays/${enc(id)}/clones`,
  saves: (id: string) => `/api/plays/${enc(id)}/saves`,
  playLineage: (id: string) => `/api/plays/${enc(id)}/lineage`,
  journals: (id: string) => `/api/plays/${enc(id)}/journals`,
  journal: (ticket: string) => `/api/journals/${enc(ticket)}`,
  tunnels: (id: string) => `/api/plays/${enc(id)}/tunnels`,
  tunnel: (ticket: string) => `/api/tunnels/${enc(ticket)}`,
  portForwards: (id: string) => `/api/plays/${enc(id)}/port-forwards`,
  portForward: (id: string, index: number | string) => `/api/plays/${enc(id)}/port-forwards/${enc(index)}`,
  ports: (id: string) => `/api/plays/${enc(id)}/ports`,
  port: (id: string, port: string) => `/api/plays/${enc(id)}/ports/${enc(port)}`,
  portScan: (id: string) => `/api/plays/${enc(id)}/ports/scan`,
  portLogins: () => '/api/port-logins',
  /** Answers with the URL of a websocket of live status, `liveStatus`; labctl's way to follow a run. */
  connections: (id: string) => `/api/plays/${enc(id)}/conns`,
  liveStatus: (ticket: string) => `/api/conns/${enc(ticket)}`,
  events: () => '/api/events',
  terminal: (id: string, machine: string, session: string) =>
    `/api/plays/${enc(id)}/machines/${enc(machine)}/terminals/${enc(session)}`,
  exec: (id: string, machine: string) => `/api/plays/${enc(id)}/machines/${enc(machine)}/exec`,
  console: (id: string, machine: string) => `/api/plays/${enc(id)}/machines/${enc(machine)}/console`,
  images: () => '/api/images',
  image: (name: string) => `/api/images/${enc(name)}`,
  imageBuild: (name: string) => `/api/images/${enc(name)}/build`,
  imageFolders: () => '/api/image-folders',
  doctor: () => '/api/doctor',
  fsck: () => '/api/fsck',
  metrics: () => '/api/metrics',
  openApi: () => '/api/openapi.json',
  docs: () => '/api/docs',
  /** Tools for agents, by the Model Context Protocol. */
  mcp: () => '/mcp',
} as const

/** Pages of the web app; links printed by the server and the CLI use these too. */
export const pages = {
  home: () => '/',
  images: () => '/images',
  run: (id: string) => `/runs/${enc(id)}`,
  /** Lets the browser of whoever may use a private port into it. `to`: path on the port. */
  enterPort: (name: string, to = '/') => `/enter-port?${new URLSearchParams({ name, to })}`,
  /** The login token rides in the fragment, which browsers never send to servers, proxies or other sites. */
  login: (token: string) => `/#login=${enc(token)}`,
} as const
