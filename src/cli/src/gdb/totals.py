"""Sums over all blocks: by state, and of the live ones by call site."""

from collections import defaultdict

from . import chunks, stacks
from .heap import cached, regions


def _blocks(heap):
    """All blocks; what is in a thread's cache is not live."""
    in_caches = set() if heap.is_checked else cached(heap)
    for region in regions(heap):
        for block in chunks.blocks_in(heap, region):
            yield block._replace(state="free") if block.slot in in_caches else block


def live_by_site(heap):
    """Blocks and bytes that are live, by call site; 0 stands for an unknown one."""
    sums = defaultdict(lambda: [0, 0])
    for block in _blocks(heap):
        if block.state == "live":
            entry = sums[block.record.allocated_at if block.record else 0]
            entry[0] += 1
            entry[1] += block.size
    return sums


def site(heap, number):
    """The stack of a call site and its live blocks, as lines of text."""
    if not stacks.frames(heap, number):
        return [f"There is no call site {number}."]
    count, size = live_by_site(heap)[number]
    return [f"site {number}: {size} bytes in {count} live blocks"] + stacks.lines(heap, number)


def report(heap, most):
    """The sums, as lines of text."""
    states = defaultdict(lambda: [0, 0])
    for block in _blocks(heap):
        entry = states[block.state]
        entry[0] += 1
        entry[1] += block.end - block.slot if block.state != "live" else block.size
    text = [f"{'live:':12}{states['live'][1]} bytes in {states['live'][0]} blocks"]
    for state, name in (("quarantined", "quarantine:"), ("free", "free:")):
        count, size = states[state]
        text.append(f"{name:12}{size} bytes in {count} slots")
    sums = live_by_site(heap)
    sites = sorted((number for number in sums if number), key=lambda number: -sums[number][1])
    if sites:
        text += ["", "The call sites with the most live bytes:"]
    for number in sites[:most]:
        count, size = sums[number]
        text.append(f"  site {number}: {size} bytes in {count} blocks, in {stacks.brief(heap, number)}")
    return text
