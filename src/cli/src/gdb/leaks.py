"""`hw leaks`: blocks that nothing points to."""

from array import array
from bisect import bisect_right
from collections import defaultdict, namedtuple

from . import chunks, stacks
from .graph import LOST, POSSIBLE, REACHABLE, Graph, Node
from .heap import cached, regions
from .memory import number, read_or_zero
from .modules import loader
from .roots import Roots, constants

Record = namedtuple("Record", "kind site example blocks bytes retained_blocks retained_bytes")

# Of these states a block is one that the program may hold.
PRESENT = ("live", "changing", "absent", "unknown")


class Judge:
    """Tells which blocks are nobody's leak."""

    def __init__(self, heap):
        self.heap, self.loader = heap, loader()
        self.has_sites = bool(heap.at("settings", "Settings.evidence"))
        self.by_loader = {}
        names = ("below", "own", "allocations")
        self.inherited = [number(heap.facts[f"inherited.{name}"], 4) for name in names]

    def ignores(self, record):
        """Whether a block counts as reachable in any case."""
        if record.notes & self.heap.facts["record.ignored"]:
            return True
        if self._is_inherited(record.allocated_by, record.sequence):
            return True
        site = record.allocated_at
        if site not in self.by_loader:
            frames = stacks.frames(self.heap, site, most=1)
            is_loaders = bool(frames) and self.loader[0] <= frames[0] < self.loader[1]
            self.by_loader[site] = is_loaders or (self.has_sites and site == 0)
        return self.by_loader[site]

    def _is_inherited(self, thread, sequence):
        """In a forked child: blocks of the parent's threads."""
        below, own, allocations = self.inherited
        if not below:
            return False
        if thread == own:
            return (allocations - sequence) & 0xFFFFFFFF < 1 << 31
        return thread < below or thread == 0xFFFF


def _nodes(heap):
    """All blocks that count, by address, and for each its region."""
    judge, found = Judge(heap), []
    in_caches = set() if heap.is_checked else cached(heap)
    for region in regions(heap):
        for block in chunks.blocks_in(heap, region):
            if block.slot not in in_caches and block.state in PRESENT:
                found.append((_node(heap, judge, block), region))
    found.sort(key=lambda pair: pair[0].start)
    return [node for node, _ in found], [region for _, region in found]


def _node(heap, judge, block):
    """A block of which nothing is known counts as reachable, with all of its slot."""
    if block.state != "live":
        return Node(block.slot + 8, block.end - block.slot - 8, 0, True)
    record = block.record
    if record is None or chunks.state_of(heap, record) != "live":
        return Node(block.start, block.size, 0, heap.is_checked and judge.has_sites)
    return Node(block.start, block.size, record.allocated_at, judge.ignores(record))


def _reader(nodes, homes):
    """A function that gives the words of a block; slabs are read as a whole, and once."""
    slabs = {}

    def read_words(index):
        node, region = nodes[index], homes[index]
        if region.kind != "small":
            return array("Q", read_or_zero(node.start, node.size & ~7))
        if region.start not in slabs:
            size = region.carved * region.slot_bytes
            slabs[region.start] = array("Q", read_or_zero(region.start, size & ~7))
        first = (node.start - region.start) // 8
        return slabs[region.start][first : first + node.size // 8]

    return read_words


def _table_test():
    """A function that tells whether a word can be the address of a C++ table."""
    ranges = constants()
    starts = [start for start, _ in ranges]

    def is_vtable(word):
        index = bisect_right(starts, word) - 1
        return word % 8 == 0 and index >= 0 and word < ranges[index][1]

    return is_vtable


def find(heap):
    """The graph with its marks, and how many threads could not be looked at."""
    nodes, homes = _nodes(heap)
    graph, roots = Graph(nodes, _reader(nodes, homes), _table_test()), Roots(heap)
    graph.mark_ignored()
    graph.mark_reachable(roots.first())
    if any(mark != REACHABLE for mark in graph.marks):
        graph.mark_reachable(roots.more())
    graph.mark_possible()
    return graph, roots.running


def _records(graph, groups):
    """One for each kind and call site, most bytes first."""
    sums = defaultdict(lambda: [0, 0, 0, 0, 0])

    def add(kind, own, retained):
        node = graph.nodes[own[0]]
        entry = sums[kind, node.site]
        entry[0] = entry[0] or node.start
        for at, members in ((1, own), (3, retained)):
            entry[at] += len(members)
            entry[at + 1] += sum(graph.nodes[index].size for index in members)

    for group in groups:
        add("definitely lost", group.own, group.retained)
    for index in graph.numbers(POSSIBLE):
        add("possibly lost", [index], [])
    records = [Record(kind, site, *entry) for (kind, site), entry in sums.items()]
    return sorted(records, key=lambda record: (record.kind, -record.bytes - record.retained_bytes))


def _tally(graph, name, members):
    size = sum(graph.nodes[index].size for index in members)
    return f"{name + ':':17} {size} bytes in {len(members)} blocks"


def report(heap, most):
    """What is lost, as lines of text."""
    graph, running = find(heap)
    groups = list(graph.groups())
    own = [index for group in groups for index in group.own]
    retained = [index for group in groups for index in group.retained]
    assert len(own) + len(retained) == len(graph.numbers(LOST))
    text = [
        _tally(graph, "definitely lost", own),
        _tally(graph, "indirectly lost", retained),
        _tally(graph, "possibly lost", graph.numbers(POSSIBLE)),
        _tally(graph, "reachable", graph.numbers(REACHABLE)),
    ]
    if running:
        text.append(f"{running} threads are running: what only they know is called lost.")
    records = _records(graph, groups)
    for record in records[:most]:
        text += ["", f"{record.bytes} bytes in {record.blocks} blocks {record.kind}"]
        if record.retained_blocks:
            text[-1] += f", with {record.retained_bytes} bytes in {record.retained_blocks} blocks behind"
        text[-1] += f", such as {record.example:#x}, allocated at site {record.site}:"
        text += stacks.lines(heap, record.site)
    if len(records) > most:
        text += ["", f"and {len(records) - most} more: hw leaks {len(records)}"]
    return text
