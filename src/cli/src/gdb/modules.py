"""The program and its libraries: their segments, as the loader and the kernel list them."""

import re
from collections import namedtuple

import gdb

from .memory import number, read, word_in

AT_PHDR, AT_PHNUM, AT_BASE, AT_RANDOM = 3, 5, 7, 25
PT_LOAD, PT_DYNAMIC, PT_PHDR, PT_TLS = 1, 2, 6, 7
PF_W = 2
DT_DEBUG = 21
HEADER_BYTES = 56
MODULES_MAX = 100_000

Segment = namedtuple("Segment", "kind flags start size align")


def symbol(name):
    """Where a symbol lies; None without it."""
    try:
        found = re.search(r"0x[0-9a-f]+", gdb.execute(f"info address {name}", to_string=True))
    except gdb.error:
        return None
    return int(found.group(), 16) if found else None


def auxiliary():
    """The kernel's word to the program: a dictionary by number."""
    try:
        text = gdb.execute("info auxv", to_string=True)
    except gdb.error:
        return {}
    pairs = re.findall(r"^(\d+)\s.*?\s(0x[0-9a-f]+|\d+)$", text, re.MULTILINE)
    return {int(kind): int(value, 0) for kind, value in pairs}


def _segments(table, count, bias):
    """The program headers at an address."""
    data = read(table, count * HEADER_BYTES)
    for at in range(0, len(data), HEADER_BYTES):
        kind, flags = (int.from_bytes(data[at + o : at + o + 4], "little") for o in (0, 4))
        start, size, align = (word_in(data, at + offset) for offset in (16, 40, 48))
        yield Segment(kind, flags, start + bias, size, align)


def _program():
    """The segments of the program itself."""
    known = auxiliary()
    table, count = known.get(AT_PHDR, 0), known.get(AT_PHNUM, 0)
    if not table:
        return []
    found = list(_segments(table, count, 0))
    own = [segment.start for segment in found if segment.kind == PT_PHDR]
    bias = table - own[0] if own else 0
    return [segment._replace(start=segment.start + bias) for segment in found]


def _loaded(program):
    """Where the files of all other modules are mapped, from the loader's list for debuggers."""
    dynamic = [segment for segment in program if segment.kind == PT_DYNAMIC]
    space = 0
    if dynamic:
        data = read(dynamic[0].start, dynamic[0].size)
        for at in range(0, len(data) - 15, 16):
            if word_in(data, at) == DT_DEBUG:
                space = word_in(data, at + 8)
    is_program, count = True, 0
    while space:
        version, module = number(space, 4), number(space + 8)
        while module and count < MODULES_MAX:
            data = read(module, 32)
            if not is_program:
                yield word_in(data, 0)
            is_program, count, module = False, count + 1, word_in(data, 24)
        space = number(space + 40) if version >= 2 else 0


def modules():
    """The segments of each module, a list for each; the program comes first."""
    program = _program()
    found = [program] if program else []
    try:
        for base in _loaded(program):
            file = read(base, 64)
            if file[:4] == b"\x7fELF":
                table = base + word_in(file, 32)
                found.append(list(_segments(table, int.from_bytes(file[56:58], "little"), base)))
    except gdb.MemoryError:
        pass
    return found


def writable():
    """The ranges of variables, of all modules."""
    return [
        (segment.start, segment.start + segment.size)
        for module in modules()
        for segment in module
        if segment.kind == PT_LOAD and segment.flags & PF_W
    ]


def _holds(module, address):
    return any(
        segment.kind == PT_LOAD and 0 <= address - segment.start < segment.size for segment in module
    )


def own_module(address):
    """The loaded segments of the library that an address lies in; None if it is in the program."""
    found = next((module for module in modules()[1:] if _holds(module, address)), None)
    return found and [segment for segment in found if segment.kind == PT_LOAD]


def loader():
    """The range of addresses that the dynamic loader takes; an empty one without it."""
    base = auxiliary().get(AT_BASE, 0)
    found = next((module for module in modules() if base and _holds(module, base)), [])
    loaded = [segment for segment in found if segment.kind == PT_LOAD]
    return base, max((segment.start + segment.size for segment in loaded), default=base)
