/** The namespace's end of the veth pair. */
export const uplink = 'uplink'
