"""Call sites: from a number to the frames of a stack, and the frames as lines."""

import re

import gdb

from .memory import number

# Functions that hand a request on and are not meant by "allocated in": allocators, containers.
PLUMBING = re.compile(
    r"(malloc|calloc|c?free|realloc|operator (new|delete))\b"
    r"|(void )?<?(std|core|alloc|heapwarden|__gnu_cxx)::|.*__rust(c|_\w+)\b"
)


def _thing(heap, chunks, structure, index):
    """The bytes of a structure that is kept by number; none for a number that is not taken."""
    chunk, at = divmod(index, heap.facts["sites.chunk"])
    if index == 0 or chunk >= heap.facts["sites.chunks"]:
        return None
    base = number(heap.facts[chunks] + 8 * chunk)
    return heap.structure(base + heap.facts[structure] * at, structure) if base else None


def frames(heap, site, most=None):
    """The return addresses of a call site, innermost first; none when it is unknown."""
    found = _thing(heap, "sites", "Site", site)
    if found is None:
        return []
    node, addresses = heap.field(found, "Site.node"), []
    count = heap.field(found, "Site.tag") & heap.facts["sites.count_mask"]
    for _ in range(count if most is None else min(count, most)):
        frame = _thing(heap, "nodes", "Node", node)
        if frame is None:
            break
        addresses.append(heap.field(frame, "Node.pc"))
        node = heap.field(frame, "Node.parent")
    return addresses


def _functions(address):
    """The functions at an address, the innermost first and those behind it that it is inlined into:
    from debug information, or else from symbols."""
    names, block = [], gdb.current_progspace().block_for_pc(address)
    while block is not None and not block.is_static and not block.is_global:
        if block.function is not None:
            names.append(block.function.print_name)
        block = block.superblock
    if names:
        return names
    text = gdb.execute(f"info symbol {address:#x}", to_string=True)
    return [] if text.startswith("No symbol") else [text.split(" in section ")[0].split(" + ")[0]]


def _place(address):
    """`file:line`, else the module."""
    found = gdb.find_pc_line(address)
    if found.symtab is not None and found.line:
        return f"{found.symtab.filename}:{found.line}"
    module = gdb.solib_name(address) or gdb.current_progspace().filename
    return f"({module})" if module else ""


def lines(heap, site):
    """The stack of a call site as lines of text."""
    found = frames(heap, site)
    if not found:
        return ["    (no stack is known)"]
    return [_line(index, address - 1) for index, address in enumerate(found)]


def _line(index, address):
    """A frame; the address lies inside of the call that the return address follows."""
    names = _functions(address) or ["??"]
    inlined = "".join(f", inlined into {name}" for name in names[1:])
    return f"    #{index} {address:#x} in {names[0]} {_place(address)}{inlined}".rstrip()


def brief(heap, site):
    """The function of a call site that a person would look at first, for one line."""
    names = [name for address in frames(heap, site) for name in _functions(address - 1)]
    chosen = next((name for name in names if not PLUMBING.match(name)), None)
    return chosen or next(iter(names), f"site {site}" if site else "an unknown place")
