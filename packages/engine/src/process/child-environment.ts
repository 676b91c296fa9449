/** What a program may need to know of where it runs: programs, temporary files, and the way to mirrors and their certificates. */
const passed = /^(PATH|HOME|TMPDIR|APT_CONFIG|SSL_CERT_(FILE|DIR)|(https?|ftp|no|all)_proxy|NODE_EXTRA_CA_CERTS)$/i

/**
 * The environment of every program that the engine runs. The server's own holds secrets (the address of a database, tokens), and any of the host's users reads the environment
 * of a program that runs as them (proc(5)).
 */
export function childEnvironment(of: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const kept = Object.entries(of).flatMap(([name, value]) => (passed.test(name) && value !== undefined ? [[name, value]] : []))
  return { PATH: '', ...Object.fromEntries(kept), LC_ALL: 'C' }
}
