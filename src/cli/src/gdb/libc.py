"""What glibc tells debuggers of its threads: by the symbols that libthread_db needs."""

import gdb

from .memory import number
from .modules import symbol

THREADS_MAX = 1 << 17


def _offset(name):
    """Where in a structure a field is: its description is bits, count and offset."""
    address = symbol(f"_thread_db_{name}")
    return None if address is None else number(address + 8, 4)


def descriptor_bytes():
    """Bytes of a thread descriptor, which starts at the thread pointer."""
    address = symbol("_thread_db_sizeof_pthread")
    # Without it: what glibc 2.31 to 2.41 need, and some more.
    return 2560 if address is None else number(address, 4)


def _lists():
    """Where the lists of stacks start: those in use, those that the program provided, and those
    that are kept for threads to come, to which no symbol leads, but which follow."""
    loader = symbol("_rtld_global")
    fields = [_offset(f"rtld_global__dl_stack_{name}") for name in ("used", "user")]
    if loader is None or None in fields:
        return []
    used, user = (loader + field for field in fields)
    return [used, user, user + 16]


def _pointers(head):
    """The thread pointers in a list. It is a thread's to change: what cannot be read ends it."""
    inside = _offset("pthread_list")
    try:
        entry = number(head)
        for _ in range(THREADS_MAX):
            if inside is None or entry == head or entry % 8:
                return
            yield entry - inside
            entry = number(entry)
    except gdb.MemoryError:
        pass


def threads():
    """The thread pointers of all threads, also of those that ended and were not joined."""
    return [pointer for head in _lists()[:2] for pointer in _pointers(head)]


def kept_stacks():
    """The thread pointers at the top of stacks that libc keeps for threads to come."""
    return [pointer for head in _lists()[2:] for pointer in _pointers(head)]
