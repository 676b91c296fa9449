// attach OBJECT PIN [DEVICE]: loads the one program of an object file, attaches it where its section says (XDP: to the device), and pins the link. The program stays in the kernel until
// the pin is removed.
#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdio.h>

static int failed(const char *what) {
  perror(what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: attach OBJECT PIN [DEVICE]\n");
    return 2;
  }
  struct bpf_object *object = bpf_object__open_file(argv[1], NULL);
  if (!object)
    return failed(argv[1]);
  if (bpf_object__load(object))
    return failed("the kernel does not take it");
  struct bpf_program *program = bpf_object__next_program(object, NULL);
  struct bpf_link *link = argc > 3 ? bpf_program__attach_xdp(program, (int)if_nametoindex(argv[3])) : bpf_program__attach(program);
  if (!link)
    return failed("it cannot be attached");
  if (bpf_link__pin(link, argv[2]))
    return failed(argv[2]);
  return 0;
}
