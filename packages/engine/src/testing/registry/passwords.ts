/** `ann` with the password `se:cret` (bcrypt, cost 4), as htpasswd writes it. */
export const annPasswords = 'ann:$2y$04$abcdefghijklmnopqrstuu17JYDSDnwCnbeRSI7wxymnD3SKI1vtG\n'
