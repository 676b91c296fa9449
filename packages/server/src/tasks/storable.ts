/** Text of a guest as both stores take it: PostgreSQL's text cannot contain NUL. */
export const storable = (text: string): string => text.replaceAll('\0', '�')
