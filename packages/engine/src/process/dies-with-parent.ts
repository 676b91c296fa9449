/** Before a command: its program is killed when the thread that started it ends, however that ends (PR_SET_PDEATHSIG, prctl(2)). */
export const diesWithParent = ['setpriv', '--pdeathsig', 'KILL', '--'] as const
