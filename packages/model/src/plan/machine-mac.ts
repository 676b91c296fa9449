const hex = (value: number) => value.toString(16).padStart(2, '0')

/**
 * Locally administered and unicast. From the places of machine and interface alone: every run is a world of its own, so a clone keeps its
 * addresses, and nothing that guests remember (udev names, ARP) changes.
 */
export const machineMac = (machineIndex: number, interfaceIndex: number) =>
  `52:52:00:00:${hex(machineIndex)}:${hex(interfaceIndex)}`
