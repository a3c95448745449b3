"""Plain reads of the program's memory. What cannot be read raises gdb.MemoryError."""

import gdb

PAGE = 4096
PIECE = 1 << 20


def read(address, size):
    """The bytes in [address, address + size)."""
    return bytes(gdb.selected_inferior().read_memory(address, size)) if size else b""


def is_core():
    """Whether this is a core file, in which memory may be missing."""
    connection = gdb.selected_inferior().connection
    return connection is not None and connection.type == "core"


def read_or_zero(address, size):
    """The same; what cannot be read is zero."""
    try:
        return read(address, size)
    except gdb.MemoryError:
        data = bytearray(size)
        for start, piece in pieces(address, address + size):
            data[start - address : start - address + len(piece)] = piece
        return bytes(data)


def number(address, size=8):
    """The number of so many bytes at an address."""
    return int.from_bytes(read(address, size), "little")


def word_in(data, offset):
    """The 64-bit word at an offset in bytes that were read."""
    return int.from_bytes(data[offset : offset + 8], "little")


def pieces(start, end):
    """Yields (address, bytes) for all that can be read in [start, end), in large pieces."""
    while start < end:
        stop = min(end, start + PIECE)
        yield from _piece(start, stop)
        start = stop


def _piece(start, end):
    """Halves what cannot be read as a whole, down to pages."""
    try:
        yield start, read(start, end - start)
        return
    except gdb.MemoryError:
        pass
    middle = (start + end) // 2 & ~(PAGE - 1)
    if middle <= start:
        middle = (start & ~(PAGE - 1)) + PAGE
    if middle < end:
        yield from _piece(start, middle)
        yield from _piece(middle, end)
