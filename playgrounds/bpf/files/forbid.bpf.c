// LSM: is asked before a program is executed, and says no to one. Tetragon enforces its policies at hooks like this one.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define EPERM 1

// As much of the kernel's own struct as is read here; where it is in the running kernel, its BTF says at the load (CO-RE).
struct linux_binprm {
  const char *filename;
} __attribute__((preserve_access_index));

// Read-only data is a map, whose content the loader gives; volatile, so that the compiler leaves it there.
const volatile char forbidden[] = "/usr/local/bin/forbidden";

SEC("lsm/bprm_check_security")
int BPF_PROG(forbid, struct linux_binprm *program, int earlier) {
  char name[sizeof(forbidden)] = {};
  // Another module has refused already.
  if (earlier)
    return earlier;
  if (bpf_probe_read_kernel_str(name, sizeof(name), program->filename) != sizeof(forbidden))
    return 0;
  for (unsigned i = 0; i < sizeof(forbidden); i++)
    if (name[i] != forbidden[i])
      return 0;
  return -EPERM;
}

char LICENSE[] SEC("license") = "GPL";
