"""The threads of the program: their registers, stacks and thread-local memory."""

from collections import namedtuple

import gdb

from . import libc
from .memory import number
from .modules import AT_RANDOM, PT_TLS, auxiliary, modules

RED_ZONE = 128
# As far from a known place the memory of an unknown stack is read.
UNKNOWN_MAX = 16 << 20
MODULES_MAX = 1 << 16
GENERAL = "rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()

Thread = namedtuple("Thread", "registers sp pointer")


def threads():
    """All threads that stand still, and how many do not."""
    selected, found, running = gdb.selected_thread(), [], 0
    frame = gdb.selected_frame() if selected else None
    for thread in gdb.selected_inferior().threads():
        if not thread.is_stopped():
            running += 1
            continue
        thread.switch()
        found.append(_thread(gdb.newest_frame()))
    if selected:
        selected.switch()
        frame.select()
    return found, running


def _thread(frame):
    """The innermost frame's registers are the thread's own."""
    registers = [_register(frame, name) for name in GENERAL]
    vectors = [f"xmm{index}" for index in range(16)]
    registers += [_register(frame, name, half) for name in vectors for half in (0, 1)]
    return Thread(registers, _register(frame, "rsp"), _register(frame, "fs_base"))


def _register(frame, name, half=None):
    """A register, or half of a vector; 0 when a core file does not have it."""
    try:
        value = frame.read_register(name)
        return int(value if half is None else value["v2_int64"][half]) & (1 << 64) - 1
    except gdb.error:
        return 0


def _around(mappings, address):
    """The mapping that an address lies in; an empty one when there is none."""
    return next((pair for pair in mappings if pair[0] <= address < pair[1]), (address, address))


def ranges(thread, mappings, block_end):
    """The ranges of a thread's stack and thread-local memory. `block_end(address)` is where the
    block ends that an address lies in: coroutines have their stacks in such."""
    low, home = thread.sp - RED_ZONE, _around(mappings, thread.pointer)
    stack = _around(mappings, thread.sp)
    end = min(home[1], thread.pointer + libc.descriptor_bytes())
    if home == stack and thread.sp < thread.pointer:
        # A stack that libc made: the thread-local memory lies above it.
        return [(low, end), dynamic_blocks(thread.pointer)]
    first = _around(mappings, auxiliary().get(AT_RANDOM, 0))
    found = [thread_local(thread.pointer, home), dynamic_blocks(thread.pointer)]
    if stack == first:
        return found + [(low, stack[1])]
    unknown_end = block_end(thread.sp) or min(stack[1], thread.sp + UNKNOWN_MAX)
    return found + [(low, unknown_end), first, (max(home[0], end - UNKNOWN_MAX), end)]


def unjoined(threads_, mappings):
    """The same of threads that ended and were not joined: their results are still to be had."""
    known = {thread.pointer for thread in threads_}
    for pointer in libc.threads():
        if pointer not in known:
            yield thread_local(pointer, _around(mappings, pointer))
            yield dynamic_blocks(pointer)


def thread_local(pointer, home):
    """The static thread-local storage and the descriptor, in the mapping that is their home."""
    sizes = [
        segment.size + 2 * segment.align
        for module in modules()
        for segment in module
        if segment.kind == PT_TLS
    ]
    # At least as many bytes as libc takes.
    below = sum(sizes) + libc.descriptor_bytes()
    return max(home[0], pointer - below), min(home[1], pointer + libc.descriptor_bytes())


def dynamic_blocks(pointer):
    """The table of a thread's blocks of thread-local storage."""
    try:
        table = number(pointer + 8)
        count = min(number(table - 16), MODULES_MAX)
        return table, table + (count + 1) * 16
    except gdb.MemoryError:
        return 0, 0
