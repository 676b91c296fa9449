// XDP: sees each packet before the kernel makes anything of it. Drops pings, counts them, lets all else pass.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} dropped SEC(".maps");

SEC("xdp")
int drop_pings(struct xdp_md *packet) {
  void *end = (void *)(long)packet->data_end;
  struct ethhdr *frame = (void *)(long)packet->data;
  struct iphdr *ip = (void *)(frame + 1);
  // The verifier refuses every access beyond the end that is not excluded here.
  if ((void *)(ip + 1) > end || frame->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_ICMP)
    return XDP_PASS;
  __u32 first = 0;
  __u64 *count = bpf_map_lookup_elem(&dropped, &first);
  if (count)
    __sync_fetch_and_add(count, 1);
  return XDP_DROP;
}

char LICENSE[] SEC("license") = "GPL";
