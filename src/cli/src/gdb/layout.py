"""The facts that the library says of itself: where its roots are, and where fields lie.

They are behind the symbol `heapwarden_layout`, each with a name: no debug information is needed,
and nothing about the library's structures is known here but how to follow them.
"""

import gdb

from .memory import number, read, word_in
from .modules import symbol, writable

MAGIC = b"heapwarden layout \x01\x02\x03\x04\r\n"
VERSION = 1
FACT_BYTES = 32
NAME_BYTES = 24


def load():
    """All facts by name; fields are (offset, width)."""
    start = _by_symbol() or _by_magic()
    if start is None:
        raise gdb.GdbError("Heapwarden is not in this process (or it has not been started yet).")
    at = start + len(MAGIC)
    version = number(at)
    if version != VERSION:
        raise gdb.GdbError(f"Heapwarden's layout has version {version}, this script knows {VERSION}.")
    facts = {"layout": start}
    for first, count in _pairs(at + 8, 2):
        for table, length in _pairs(first, count):
            facts.update(_facts(read(table, length * FACT_BYTES)))
    return facts


def _pairs(address, count):
    """Pairs of pointer and length, side by side."""
    data = read(address, count * 16)
    return [(word_in(data, at), word_in(data, at + 8)) for at in range(0, len(data), 16)]


def _facts(data):
    """The facts of one table."""
    for at in range(0, len(data), FACT_BYTES):
        name = data[at : at + NAME_BYTES].rstrip(b"\0").decode()
        value = word_in(data, at + NAME_BYTES)
        is_field = name[0].isupper() and "." in name
        yield name, ((value & 0xFFFFFFFF, value >> 32) if is_field else value)


def _has_magic(address):
    try:
        return read(address, len(MAGIC)) == MAGIC
    except gdb.MemoryError:
        return False


def _by_symbol():
    address = symbol("heapwarden_layout")
    return address if address and _has_magic(address) else None


def _by_magic():
    """In a program without symbols: the magic lies among its variables, at a multiple of 8."""
    inferior = gdb.selected_inferior()
    for start, end in writable():
        while start < end:
            try:
                found = inferior.search_memory(start, end - start, MAGIC)
            except gdb.error:
                break
            if found is None:
                break
            if found % 8 == 0:
                return found
            start = found + 1
    return None
