"""The commands."""

import gdb

from . import chunks, leaks, show, stacks, totals
from .heap import Heap, cached, is_managed, region_of, regions


# An array, a structure or a function stands for where it lies.
NAMES_A_PLACE = (gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION, gdb.TYPE_CODE_FUNC)


def _address(text):
    """The address that an expression of the program's language says."""
    if not text.strip():
        raise gdb.GdbError("Which address? Any expression will do: a number, a pointer, $rdi.")
    try:
        value = gdb.parse_and_eval(text)
        if value.type.strip_typedefs().code in NAMES_A_PLACE:
            value = value.address
        return int(value) & (1 << 64) - 1
    except gdb.error as error:
        raise gdb.GdbError(f"{text} is no address: {error}") from None


def _print(lines):
    gdb.write("\n".join(lines) + "\n")


class Command(gdb.Command):
    """A command whose memory may be missing."""

    def invoke(self, argument, from_tty):
        """What gdb calls."""
        try:
            self.answer(argument)
        except gdb.MemoryError as error:
            raise gdb.GdbError(f"{error}: it is not in the core file, or there is no process.") from None


class Prefix(gdb.Command):
    """Heapwarden's commands: what the heap looks like, by reading memory alone.

They work wherever the program was stopped, and in core files."""

    def __init__(self):
        super().__init__("hw", gdb.COMMAND_DATA, prefix=True)

    def invoke(self, argument, from_tty):
        """`hw` alone."""
        if argument:
            raise gdb.GdbError(f"hw has no command {argument.split()[0]!r}; see help hw.")
        gdb.execute("help hw")


class BlockCommand(Command):
    """Which block an address lies in: hw block ADDR

Its start and size, where in it or beside it the address lies, the family of functions it comes
from, whether it is live, freed or in quarantine, damage of its header or tail, and as far as the
profile keeps them the threads and stacks of allocation and free."""

    def __init__(self):
        super().__init__("hw block", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def answer(self, argument):
        """`hw block ADDR`."""
        address, heap = _address(argument), Heap()
        region = region_of(heap, address)
        if region is None:
            where = "in free pages of the heap" if is_managed(heap, address) else "not in this heap"
            _print([f"{address:#x} is in no block: it is {where}."])
            return
        found = chunks.block_at(heap, region, address)
        if not heap.is_checked and found.slot in cached(heap):
            found = found._replace(state="free")
        _print(show.block(heap, found, address))


class CheckCommand(Command):
    """Verify the whole heap: hw check

Every header, every canary behind a block, and the fill of freed memory; what is damaged is listed.
In the profile plain there is nothing to verify."""

    def __init__(self):
        super().__init__("hw check", gdb.COMMAND_DATA)

    def answer(self, argument):
        """`hw check`."""
        heap = Heap()
        if not heap.is_checked:
            _print(["The profile plain has no headers and no canaries: there is nothing to verify."])
            return
        count, absent, damaged = 0, 0, []
        for region in regions(heap):
            for block in chunks.blocks_in(heap, region):
                count += block.state != "absent"
                absent += block.state == "absent"
                if block.damage:
                    damaged.append(block)
        for block in damaged:
            state = show.STATES[block.state]
            site = block.record.allocated_at if block.record else 0
            _print([f"{show.name(block)}, {state}, allocated in {stacks.brief(heap, site)}"])
            _print(show.damage(block))
        if absent:
            _print([f"{absent} blocks are not in the core file."])
        _print([f"{count} blocks verified, {len(damaged)} damaged."])


class LeaksCommand(Command):
    """Blocks that nothing points to: hw leaks [COUNT]

Looks for pointers in the variables of all modules, the stacks, registers and thread-local memory of
all threads, memory that the program mapped, and the blocks that these lead to. A block to whose
middle something points may be lost. The COUNT (10) largest findings are listed with their stacks."""

    def __init__(self):
        super().__init__("hw leaks", gdb.COMMAND_DATA)

    def answer(self, argument):
        """`hw leaks [COUNT]`."""
        _print(leaks.report(Heap(), _address(argument) if argument else 10))


class SiteCommand(Command):
    """The stack of a call site and its live blocks: hw site ID

The number is one that hw block, hw leaks or hw stats shows."""

    def __init__(self):
        super().__init__("hw site", gdb.COMMAND_DATA)

    def answer(self, argument):
        """`hw site ID`."""
        _print(totals.site(Heap(), _address(argument)))


class StatsCommand(Command):
    """How much is live, in quarantine and free, and who allocated the most: hw stats [COUNT]

The COUNT (10) call sites with the most live bytes are listed, as far as the profile knows them."""

    def __init__(self):
        super().__init__("hw stats", gdb.COMMAND_DATA)

    def answer(self, argument):
        """`hw stats [COUNT]`."""
        _print(totals.report(Heap(), _address(argument) if argument else 10))


for _command in (Prefix, BlockCommand, CheckCommand, LeaksCommand, SiteCommand, StatsCommand):
    _command()
