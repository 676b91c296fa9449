/** Kernel command line words that the platform's init relies on. */
export const kernelWords: readonly string[] = [
  // Our init names interfaces by MAC; udev then keeps the names.
  'net.ifnames=0',
  // The serial line carries our own root shell; two readers would share its input.
  'systemd.mask=serial-getty@ttyS0.service',
  // An image without an identity would ask questions on the serial line and wait for answers.
  'systemd.firstboot=off',
  // Each character on the serial line costs an exit from the VM: print only the kernel's warnings and errors, and systemd's steps.
  'quiet',
  'systemd.show_status=1',
]
