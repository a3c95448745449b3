# Allocation-heavy Perl: hashes of arrays, strings cut up and joined, records sorted.
use strict;
use warnings;

my $state = 42;
sub draw { $state = ($state * 1103515245 + 12345) & 0x7fffffff; return $state % $_[0]; }

sub index_of_words {
    my ($lines) = @_;
    my %index;
    for my $line (1 .. $lines) {
        my $text = join ' ', map { 'w' . draw(3000) } 1 .. 12;
        my $column = 0;
        push @{ $index{$_} }, "$line:" . $column++ for split / /, $text;
    }
    my $sum = 0;
    $sum += length join ',', @{ $index{$_} } for sort keys %index;
    return $sum;
}

sub records {
    my ($count) = @_;
    my @records = map { { name => "record-$_", rank => draw(1000), tags => [ 1 .. draw(6) ] } } 1 .. $count;
    my @sorted = sort { $a->{rank} <=> $b->{rank} || $a->{name} cmp $b->{name} } @records;
    my $text = '';
    $text .= "$_->{name}=" . scalar(@{ $_->{tags} }) . ';' for @sorted;
    return unpack '%32C*', $text;
}

print index_of_words(25000), ' ', records(30000), "\n" for 1 .. 2;
