"""Where a look for leaks starts from: variables, stacks, registers, thread-local memory, and before
anything is called lost, what the program mapped by itself."""

import re
from array import array

import gdb

from . import heap as blocks
from . import libc
from .memory import PAGE, is_core, number, pieces, read
from .modules import modules, own_module, writable
from .threads import ranges, threads, unjoined


def words(start, end):
    """The whole words in [start, end), as arrays."""
    start, end = (start + 7) & ~7, end & ~7
    for _, data in pieces(start, end):
        yield array("Q", data[: len(data) & ~7])


def mappings():
    """The ranges of memory that can be written, as far as gdb knows them; with each, whether it
    has no file behind it."""
    if is_core():
        text = gdb.execute("maintenance info sections", to_string=True)
        line = r"(0x[0-9a-f]+)->(0x[0-9a-f]+) at 0x[0-9a-f]+: load\w* (.*)"
        found = [match for match in re.findall(line, text) if "READONLY" not in match[2]]
        return [(int(start, 16), int(end, 16), True) for start, end, _ in found]
    text = gdb.execute("info proc mappings", to_string=True)
    line = r"^\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+\S+\s+\S+\s+rw-p[ \t]*(.*)$"
    found = re.findall(line, text, re.MULTILINE)
    return [(int(start, 16), int(end, 16), _has_no_file(name)) for start, end, name in found]


def _has_no_file(name):
    return name.strip() in ("", "[heap]") or name.startswith("[anon")


class Roots:
    """The roots of a process that stands still."""

    def __init__(self, heap):
        self.heap = heap
        self.mappings = mappings()
        self.pairs = [mapping[:2] for mapping in self.mappings]
        self.threads, self.running = threads()
        self.own = self._own_variables()
        self.stacks = [
            (max(start, 0), end)
            for thread in self.threads
            for start, end in ranges(thread, self.pairs, self._block_end)
        ]
        self.stacks += unjoined(self.threads, self.pairs)

    def _block_end(self, address):
        region = blocks.region_of(self.heap, address)
        if region is None:
            return None
        index = (address - region.start) // region.slot_bytes
        return region.start + (index + 1) * region.slot_bytes

    def _own_variables(self):
        """The library's own; where it is part of the program, only the stacks of its handlers."""
        own = own_module(self.heap.facts["layout"])
        if own is not None:
            return [(segment.start, segment.start + segment.size) for segment in own]
        start = self.heap.facts["handler_stacks"]
        return [(start, start + self.heap.facts["handler_stacks.bytes"])]

    def first(self):
        """What the program reaches in any case."""
        for thread in self.threads:
            yield thread.registers
        for start, end in self.stacks + self._registered():
            yield from words(start, end)
        for start, end in leave(writable(), self.own):
            yield from words(start, end)

    def more(self):
        """What the program mapped by itself; not the library's memory, nor stacks."""
        excluded = self.own + self._own_mappings() + list(blocks.extents(self.heap))
        excluded += [(start & -PAGE, -(-end // PAGE) * PAGE) for start, end in writable()]
        # A stack starts where its mapping does, which may go on above it.
        pointers = [thread.pointer for thread in self.threads] + libc.threads() + libc.kept_stacks()
        for start, end in self.pairs:
            inside = [pointer for pointer in pointers if start <= pointer < end]
            if inside:
                top = max(inside) + libc.descriptor_bytes()
                excluded.append((start, -(-top // PAGE) * PAGE))
        without_file = [mapping[:2] for mapping in self.mappings if mapping[2]]
        for start, end in leave(without_file, excluded):
            yield from words(start, end)

    def _registered(self):
        """What the program registered."""
        facts, size = self.heap.facts, self.heap.facts["Registered"]
        data = read(facts["registered"], size * facts["registered.count"])
        found = []
        for at in range(0, len(data), size):
            start = self.heap.field(data, "Registered.start", at)
            length = self.heap.field(data, "Registered.bytes", at)
            if length not in (0, facts["registered.taken"]):
                found.append((start, start + length))
        return found

    def _own_mappings(self):
        """The mappings that the library made for itself."""
        facts, size = self.heap.facts, self.heap.facts["Place"]
        data = read(facts["own"], size * number(facts["own.used"]))
        pairs = [
            (self.heap.field(data, "Place.start", at), self.heap.field(data, "Place.end", at))
            for at in range(0, len(data), size)
        ]
        return [pair for pair in pairs if pair[0] > facts["own.filling"]]


def leave(ranges_, excluded):
    """What is left of ranges."""
    excluded = sorted(excluded)
    for start, end in ranges_:
        for first, last in excluded:
            if last <= start:
                continue
            if first >= end:
                break
            if first > start:
                yield start, first
            start = max(start, last)
        if start < end:
            yield start, end


def constants():
    """The ranges of constants that the loader may have written to: where C++'s tables are."""
    relocated, changing = 0x6474E552, 3
    found = [
        (segment.start, segment.start + segment.size)
        for module in modules()
        for segment in module
        if segment.kind == relocated or (segment.kind == 1 and not segment.flags & changing)
    ]
    return sorted(found)
