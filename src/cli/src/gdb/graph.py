"""What leads where: the library's leak analysis once more, over words that were read by a debugger.

Two passes: the first follows pointers to the start of blocks from the roots, and notes where one
leads into the middle of a block; the second starts from those that the first did not reach, and
follows every pointer. So a block is reachable if a chain of pointers to starts leads to it, possibly
lost if some chain does, and lost if none does."""

from bisect import bisect_right
from collections import namedtuple

LOST, INNER, POSSIBLE, REACHABLE = range(4)
COUNTER_MAX = 1 << 32

Node = namedtuple("Node", "start size site is_ignored")
# Lost blocks that stand for themselves, and what only they lead to: lists of numbers of nodes.
Group = namedtuple("Group", "own retained")


class Graph:
    """Blocks by address, what is known of each, and how to read them."""

    def __init__(self, nodes, words, is_vtable):
        """`words(number)` are the words of a block."""
        self.nodes, self.words, self.is_vtable = nodes, words, is_vtable
        self.starts = [node.start for node in nodes]
        # A pointer one past the end is none to the block, but an empty block has its start.
        self.ends = [node.start + max(node.size, 1) for node in nodes]
        self.marks = bytearray(len(nodes))

    def hits(self, words):
        """The blocks that words lead into, each with its word."""
        if not self.starts:
            return
        low, high, starts, ends = self.starts[0], self.ends[-1], self.starts, self.ends
        for word in [word for word in words if low <= word < high]:
            number = bisect_right(starts, word) - 1
            if word < ends[number]:
                yield number, word

    def mark_ignored(self):
        """Before the first pass: what counts as reachable whoever leads to it."""
        ignored = [number for number, node in enumerate(self.nodes) if node.is_ignored]
        for number in ignored:
            self.marks[number] = REACHABLE
        for number in ignored:
            self.mark_reachable([self.words(number)])

    def mark_reachable(self, roots):
        """The first pass; over more roots it goes on where it was."""
        marks, starts, waiting = self.marks, self.starts, []
        for words in roots:
            while True:
                for number, word in self.hits(words):
                    if marks[number] == REACHABLE:
                        continue
                    if word == starts[number] or self._counts_as_start(number, word):
                        marks[number] = REACHABLE
                        waiting.append(number)
                    else:
                        marks[number] = INNER
                if not waiting:
                    break
                words = self.words(waiting.pop())

    def mark_possible(self):
        """The second pass."""
        waiting = [number for number, mark in enumerate(self.marks) if mark == INNER]
        for number in waiting:
            self.marks[number] = POSSIBLE
        while waiting:
            for number, _ in self.hits(self.words(waiting.pop())):
                if self.marks[number] == LOST:
                    self.marks[number] = POSSIBLE
                    waiting.append(number)

    def numbers(self, mark):
        """The blocks with a mark."""
        return [number for number, found in enumerate(self.marks) if found == mark]

    def _counts_as_start(self, number, word):
        """Whether a pointer into the middle is as good as one to the start: Memcheck's rules, and
        one for Rust's reference counts. Each wants evidence in the block itself."""
        start, size = self.nodes[number][:2]
        offset = word - start
        if start % 8 or offset % 8:
            return False
        words, rest = self.words(number), size - offset
        if offset == 8 and (_is_array(words[0], rest) or words[0] == rest):
            return True
        if offset == 16 and all(1 <= count <= COUNTER_MAX for count in words[:2]):
            return True
        if offset == 16 and _is_array(words[1], rest) and rest // words[1] % 16 == 0:
            return True
        if offset == 24 and words[0] <= words[1] and words[1] + 1 == rest:
            return True
        # A base class other than the first: it has a table of virtual functions, as the object has.
        inside = offset // 8 < len(words)
        return inside and self.is_vtable(words[offset // 8]) and self.is_vtable(words[0])

    def groups(self):
        """The lost blocks, by who is to blame: what no other lost block leads to, or a cycle."""
        lost = self.numbers(LOST)
        place = {number: index for index, number in enumerate(lost)}
        targets = []
        for index, number in enumerate(lost):
            found = {place.get(hit, index) for hit, _ in self.hits(self.words(number))}
            targets.append(found - {index})
        taken = bytearray(len(lost))
        for members in _components(targets):
            if taken[members[0]]:
                continue
            own, waiting, retained = set(members), list(members), []
            for index in members:
                taken[index] = 1
            while waiting:
                for index in targets[waiting.pop()]:
                    if not taken[index]:
                        taken[index] = 1
                        retained.append(lost[index])
                        waiting.append(index)
            yield Group([lost[index] for index in sorted(own)], retained)


def _is_array(count, size):
    """`new T[count]` with destructors: the count, then the elements."""
    return count > 0 and size % count == 0


def _components(targets):
    """Strongly connected components, those that lead to others first (Kosaraju's algorithm)."""
    order, seen = [], bytearray(len(targets))
    for first in range(len(targets)):
        if seen[first]:
            continue
        seen[first], path = 1, [(first, iter(targets[first]))]
        while path:
            node, rest = path[-1]
            following = next((index for index in rest if not seen[index]), None)
            if following is None:
                order.append(node)
                path.pop()
            else:
                seen[following] = 1
                path.append((following, iter(targets[following])))
    sources = [[] for _ in targets]
    for node, found in enumerate(targets):
        for index in found:
            sources[index].append(node)
    for first in reversed(order):
        if not seen[first]:
            continue
        seen[first], members, waiting = 0, [], [first]
        while waiting:
            node = waiting.pop()
            members.append(node)
            for index in sources[node]:
                if seen[index]:
                    seen[index] = 0
                    waiting.append(index)
        yield members
