/** Kernel command line words that the platform's init relies on. */
export const kernelWords: readonly string[] = [
  // Names of interfaces are given by our init, by MAC; udev keeps them then.
  'net.ifnames=0',
  // The serial line carries our own root shell; two readers would share its input.
  'systemd.mask=serial-getty@ttyS0.service',
  // An image without an identity of its own would ask questions on the serial line and wait for answers.
  'systemd.firstboot=off',
  // Each character on the serial line leaves the virtual machine: from the kernel only warnings and worse, from systemd its steps.
  'quiet',
  'systemd.show_status=1',
]
