# MmdbMaker.pm - shared by make-asn-mmdb and make-owner-mmdb.
#
# A maker reads tables of "network<TAB>values", line by line; a line that is no good is reported
# with file and line, skipped and counted. The networks then go into a tree, shorter prefixes first,
# so that a longer prefix always wins in any order of the lines. The file is written under a
# temporary name, read back with another library (MaxMind::DB::Reader), compared with the tables for
# 2,000 networks, and only then renamed: a reader sees the old file or the new file.
#
# Needs Debian's libmaxmind-db-writer-perl (the reference writer), which brings the reader.
package MmdbMaker;

use strict;
use warnings;

use Encode qw(decode FB_CROAK);
use File::Basename qw(basename dirname);
use File::Temp;
use Getopt::Long qw(GetOptionsFromArray);
use IO::Handle;
use IO::Uncompress::Gunzip qw($GunzipError);
use Math::Int128 qw(net_to_uint128 uint128 uint128_to_net);
use MaxMind::DB::Reader;
{
    no warnings 'deprecated';    # the class of Debian 13 says so at every start; there is no other
    use MaxMind::DB::Writer::Tree;
}
use Socket qw(AF_INET AF_INET6 inet_ntop inet_pton);
use Time::HiRes qw(time);

use constant {
    EXIT_FAILED    => 1,
    EXIT_USAGE     => 2,
    EXIT_BAD_LINES => 3,        # with --strict
    REPORTED_MAX   => 50,       # bad lines that are shown; all are counted
    VERIFIED_MAX   => 2000,     # networks that are looked up in the finished file
    PREFIXES_MAX   => 256,      # a range of IPv6 addresses has up to 254
};

# Run a maker. Arguments, by name:
#   usage    text for --help
#   options  hash for Getopt::Long: option => reference, besides the common options
#   type     database_type of the file
#   title    description of the file
#   types    hash: key of the record => MMDB type, for all that are no utf8_string
#   row      code: fields of a line -> (network text, record hash), (undef) to pass over the
#            line in silence; dies with words when the line is no good
#   formats  other formats than lines with tabs, tried on the first line that says something: [{ is
#            => code: line -> true, reader => code: -> code }]; a reader takes a line and the line's
#            number, undef at the end, and returns rows [number, network, record]; the number is
#            that of the line which messages should name
#   prepare  code run once after the options are known
#   complete code run once after the last line, given all records: to fill in values of later lines
# Returns the exit code.
sub run {
    my ($class, %arg) = @_;
    my $self = bless {
        %arg,
        net      => {},         # packed address + length => [record, file, line, range's size]
        order    => [],         # keys of net in the order of arrival
        records  => {},         # equal records are kept once
        bad      => 0,
        rows     => 0,
        progress => -t STDERR,
    }, $class;
    my ($help, $quiet, $strict);
    my $known = GetOptionsFromArray(
        [@ARGV],
        'help|h'         => \$help,
        'quiet|q'        => \$quiet,
        'strict'         => \$strict,
        %{ $arg{options} },
        '<>'             => sub { push @{ $self->{files} }, "$_[0]" },
    );
    if ($help) { print $arg{usage}; return 0 }
    my @tables = @{ $self->{files} // [] };
    my $out = pop @tables;
    if (!$known || !@tables) { print STDERR $arg{usage}; return EXIT_USAGE }
    $self->{progress} = 0 if $quiet;
    local $SIG{INT} = local $SIG{TERM} = sub { exit EXIT_FAILED };    # the temporary file goes
    my $ok = eval {
        -d dirname($out) or die dirname($out) . ": $!\n";
        $arg{prepare}->() if $arg{prepare};
        $self->read_table($_) for @tables;
        $arg{complete}->(values %{ $self->{records} }) if $arg{complete};
        $self->finish($out, $strict, $quiet);
        1;
    };
    return $self->{exit} // 0 if $ok;
    $self->clear_bar;
    my $why = $@;
    chomp $why;
    print STDERR basename($0), ": $why\n";
    return EXIT_FAILED;
}

# After all tables are read: build, write, verify, rename, report.
sub finish {
    my ($self, $out, $strict, $quiet) = @_;
    die "no network in the tables, so $out is not written\n" if !@{ $self->{order} };
    my $tree = $self->build;
    $self->clear_bar;
    if ($self->{bad} > REPORTED_MAX) {
        printf STDERR "and %d more bad lines\n", $self->{bad} - REPORTED_MAX;
    }
    if ($self->{bad} && $strict) {
        print STDERR "$self->{bad} bad lines; with --strict $out is not written\n";
        $self->{exit} = EXIT_BAD_LINES;
        return;
    }
    $self->write_file($tree, $out);
    return if $quiet;
    printf "%s: %d networks from %d lines, %d bad lines skipped, %d octets, verified\n",
        $out, scalar @{ $self->{order} }, $self->{rows}, $self->{bad}, -s $out;
}

# ---- reading ----

# A table, plain or .gz, "-" for standard input.
sub open_table {
    my ($name) = @_;
    return \*STDIN if $name eq '-';
    open my $raw, '<:raw', $name or die "$name: $!\n";
    return $raw if $name !~ /\.gz\z/;
    my $gz = IO::Uncompress::Gunzip->new($raw, MultiStream => 1)
        or die "$name: no gzip file: $GunzipError\n";
    return $gz;
}

sub read_table {
    my ($self, $name) = @_;
    my $fh    = open_table($name);
    my $total = $name eq '-' || $name =~ /\.gz\z/ ? 0 : -s $name;
    my ($number, $octets, $begun, $reader) = (0, 0);
    while (defined(my $line = $fh->getline)) {
        $number++;
        $octets += length $line;
        $self->bar("reading " . basename($name), $octets, $total) if $number % 4096 == 0;
        $line =~ s/\A\xef\xbb\xbf// if $number == 1;    # byte order mark
        $line =~ s/[\r\n]+\z//;
        my $says = $line !~ /\A\s*(?:[#;%].*)?\z/s;     # ";": tables of pyasn, "%": of RIPE
        ($begun, $reader) = (1, $self->reader_for($line)) if $says && !$begun;
        next if !$says && !$reader;
        eval {
            if ($reader) { $self->add_rows($name, $reader->($line, $number)) }
            else { $self->{rows}++; $self->read_row($line, $name, $number) }
            1;
        } or $self->bad_line($name, $number, $@);
    }
    $self->add_rows($name, $reader->(undef, $number)) if $reader;
    die "$name: broken gzip file: $GunzipError\n"
        if ref $fh eq 'IO::Uncompress::Gunzip' && $fh->error;
}

sub reader_for {
    my ($self, $line) = @_;
    for my $format (@{ $self->{formats} // [] }) {
        return $format->{reader}->() if $format->{is}->($line);
    }
    return undef;
}

# Text of a line that has to be UTF-8 without control characters but tabs.
sub text_of_line {
    my ($line) = @_;
    my $text = eval { decode('UTF-8', $line, FB_CROAK) } // die "text is no UTF-8\n";
    die "control character in the line\n" if $text =~ /[\x00-\x08\x0a-\x1f\x7f-\x9f]/;
    return $text;
}

sub read_row {
    my ($self, $line, $name, $number) = @_;
    my @field = map { s/\A\s+|\s+\z//gr } split /\t/, text_of_line($line), -1;
    my ($network, $record) = $self->{row}->(@field);
    $self->add($network, $record, $name, $number) if defined $network;
}

sub add_rows {
    my ($self, $name, @rows) = @_;
    for my $row (@rows) {
        my ($number, $network, $record) = @$row;
        $self->{rows}++;
        eval { $self->add($network, $record, $name, $number); 1 }
            or $self->bad_line($name, $number, $@);
    }
}

# A network with a record. Of two ranges that share a prefix the smaller range wins: networks are
# registered inside each other, and the prefixes of the outer network are never longer than those of
# the inner network at the same place.
sub add {
    my ($self, $network, $record, $name, $number) = @_;
    my $key = join "\t", map { "$_=$record->{$_}" } sort keys %$record;
    $record = $self->{records}{$key} //= $record;
    my @nets = prefixes($network);
    my $size = 0;
    $size += 2**(8 * (length($_) - 1) - ord substr $_, -1) for @nets;
    for my $net (@nets) {
        my $known = $self->{net}{$net};
        if ($known) {
            next if $known->[0] == $record || $known->[3] < $size;
            die "$network is at $known->[1]:$known->[2] already, with other values\n"
                if $known->[3] == $size;
        }
        push @{ $self->{order} }, $net if !$known;
        $self->{net}{$net} = [$record, $name, $number, $size];
    }
}

sub bad_line {
    my ($self, $name, $number, $why) = @_;
    chomp $why;
    return if ++$self->{bad} > REPORTED_MAX;
    $self->clear_bar;
    print STDERR "$name:$number: $why\n";
}

# ---- networks ----

# Octets of an address in either family; dies with words.
sub octets {
    my ($text) = @_;
    my $packed = $text =~ /\A[0-9A-Fa-f:.]+\z/
        ? inet_pton($text =~ /:/ ? AF_INET6 : AF_INET, $text) : undef;
    die "\"$text\" is no address\n" if !defined $packed;
    return $packed;
}

# A mask of n leading bits over so many octets.
my %mask;

sub mask {
    my ($len, $n) = @_;
    return $mask{$len}[$n] //= pack 'B*', '1' x $n . '0' x (8 * $len - $n);
}

# Key of a network: octets and an octet of length. Dies when host bits are set.
sub net_key {
    my ($packed, $plen) = @_;
    die "IPv4 networks are written as such, not below ::/96\n"
        if length $packed == 16 && $plen >= 96 && substr($packed, 0, 12) eq "\0" x 12;
    return $packed . chr $plen if ($packed & mask(length $packed, $plen)) eq $packed;
    die sprintf "%s has host bits set\n", text_of($packed . chr $plen);
}

sub text_of {
    my ($net)  = @_;
    my $packed = substr $net, 0, -1;
    my $family = length $packed == 4 ? AF_INET : AF_INET6;
    return inet_ntop($family, $packed) . '/' . ord substr $net, -1;
}

# "192.0.2.0/24", "192.0.2.1", "192.0.2.0 - 192.0.2.255": keys of the prefixes that make up the
# range.
sub prefixes {
    my ($text) = @_;
    my ($first, $last) = split /\s*-\s*/, $text, 2;
    return range_prefixes(octets($first), octets($last)) if defined $last;
    my ($address, $plen) = split m{/}, $text, 2;
    my $packed = octets($address // '');
    my $bits   = 8 * length $packed;
    $plen //= $bits;
    die "\"$plen\" is no prefix length of 1 to $bits\n"
        if $plen !~ /\A[0-9]{1,3}\z/ || $plen < 1 || $plen > $bits;
    return net_key($packed, $plen);
}

# The prefixes that make up a range of addresses, both ends included.
sub range_prefixes {
    my ($first, $last) = @_;
    die "a range of one family is needed\n"     if length $first != length $last;
    die "the range ends before it begins\n" if $first gt $last;
    my $len  = length $first;
    my $bits = 8 * $len;
    my ($at, $end) = $len == 4 ? map { unpack 'N', $_ } $first, $last
                               : map { net_to_uint128($_) } $first, $last;
    my $one = $len == 4 ? 1 : uint128(1);
    my @net;
    while (1) {
        my $plen = $bits;    # widen while aligned and inside
        while ($plen > 0) {
            my $size = $one << ($bits - $plen + 1);
            last if $plen == 1 || $at & ($size - 1) || $size - 1 > $end - $at;
            $plen--;
        }
        push @net, ($len == 4 ? pack 'N', $at : uint128_to_net($at)) . chr $plen;
        my $final = $at + (($one << ($bits - $plen)) - 1);
        last if $final >= $end;
        $at = $final + 1;
    }
    return @net;
}

# ---- writing ----

# Levels of the tree that a network takes: IPv4 lies below 96 zero bits.
sub depth {
    my ($net) = @_;
    return ord(substr $net, -1) + (length $net == 5 ? 96 : 0);
}

sub build {
    my ($self) = @_;
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version               => 6,
        record_size              => 28,
        database_type            => $self->{type},
        languages                => ['en'],
        description              => { en => $self->{title} },
        map_key_type_callback    => sub { $self->{types}{ $_[0] } // 'utf8_string' },
        merge_strategy           => 'none',
        remove_reserved_networks => 0,    # documentation and private networks have owners here
        alias_ipv6_to_ipv4       => 0,    # Sinkwatch judges embedded IPv4 addresses itself
    );
    my $n = 0;
    for my $net (sort { depth($a) <=> depth($b) } @{ $self->{order} }) {
        my ($record, $name, $number) = @{ $self->{net}{$net} };
        eval { $tree->insert_network(text_of($net), $record); 1 }
            or $self->bad_line($name, $number, (split /\n/, $@)[0]);
        $self->bar('building', $n, scalar @{ $self->{order} }) if ++$n % 4096 == 0;
    }
    return $tree;
}

sub write_file {
    my ($self, $tree, $out) = @_;
    my $tmp = File::Temp->new(
        TEMPLATE => '.' . basename($out) . '-XXXXXX',
        DIR      => dirname($out),
        UNLINK   => 1,
    );
    binmode $tmp;
    $self->bar('writing', 0, 1);
    $tree->write_tree($tmp);
    $tmp->flush && $tmp->sync or die "$out: $!\n";
    $self->verify($tmp->filename);
    chmod 0666 & ~umask, $tmp->filename or die "$out: $!\n";
    rename $tmp->filename, $out or die "$out: $!\n";
    $tmp->unlink_on_destroy(0);
    $self->clear_bar;
}

# The tables' record for the first address of a network: the longest prefix's record.
sub expected {
    my ($self, $net) = @_;
    my $packed = substr $net, 0, -1;
    my $len    = length $packed;
    for my $plen (reverse 1 .. 8 * $len) {
        my $found = $self->{net}{ ($packed & mask($len, $plen)) . chr $plen };
        return $found->[0] if $found;
    }
    return undef;
}

sub verify {
    my ($self, $file) = @_;
    my $reader = MaxMind::DB::Reader->new(file => $file);
    my $order  = $self->{order};
    my $step   = int(@$order / VERIFIED_MAX) + 1;
    for (my $i = 0; $i < @$order; $i += $step) {
        my $net     = $order->[$i];
        my $address = text_of($net) =~ s{/.*}{}r;
        my $is      = $reader->record_for_address($address) // {};
        my $should  = $self->expected($net);
        for my $key (keys %$should) {
            next if defined $is->{$key} && $is->{$key} eq $should->{$key};
            die "the file was written wrongly: $address has no $key $should->{$key}\n";
        }
        $self->bar('verifying', $i, scalar @$order) if $i / $step % 64 == 0;
    }
}

# ---- progress ----

# A line on a terminal, at most ten times a second.
sub bar {
    my ($self, $what, $done, $total) = @_;
    return if !$self->{progress};
    my $now = time;
    return if $now - ($self->{shown} // 0) < 0.1;
    $self->{shown} = $now;
    my $part = $total > 0 ? $done / $total : 0;
    my $full = int(40 * ($part > 1 ? 1 : $part));
    my $said = $total > 0 ? sprintf '%3d%%', 100 * $part : sprintf '%d KiB', $done / 1024;
    printf STDERR "\r%-30s [%s%s] %s\e[K", $what, '#' x $full, '.' x (40 - $full), $said;
    $self->{drawn} = 1;
}

sub clear_bar {
    my ($self) = @_;
    print STDERR "\r\e[K" if delete $self->{drawn};
}

1;
