# perl: regular expressions, fork, pipes, sockets, files, signals.
# needs: perl

exec perl -we '
use strict; use IO::Socket::INET; use POSIX (); use File::Temp "tempdir"; use Digest::SHA "sha256_hex"; use Time::HiRes "sleep"; $| = 1;
my $d = tempdir(CLEANUP => 1); open my $f, ">", "$d/x" or die $!; print $f "$_\n" for 1..500; close $f;
open $f, "<", "$d/x"; my $s = 0; $s += $_ while <$f>; print "sum $s\n"; print sha256_hex(join ",", sort glob "$d/nothing*") , "\n";
my $pid = fork; if (!$pid) { POSIX::_exit(7) } waitpid $pid, 0; print "child ", $? >> 8, "\n";
open my $p, "-|", "sort -rn $d/x" or die; my $first = <$p>; close $p; print "pipe $first";
my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; if (!($pid = fork)) { my $c = $l->accept; print $c uc <$c>; close $c; POSIX::_exit(0) }
my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die; print $c "shout\n"; $c->shutdown(1); print "socket ", <$c>; waitpid $pid, 0;
my $got = 0; $SIG{USR1} = sub { $got++ }; kill USR1 => $$ for 1..3; print "signals ", ($got > 0 ? "yes" : "no"), "\n"; my $t = "the quick brown fox"; (my $u = $t) =~ s/(\w+)/\u$1/g; print "$u\n";
my $r = eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; sleep 5; 1 }; print "eval ", $@; print -s "$d/x", " ", (stat "$d/x")[7], "\n"; print `echo backticks`; system("exit 3"); print "system ", $? >> 8, "\n"; printf "%s\n", join ",", map { $_ * 2 } grep { $_ % 2 } 1..9;'
