"""From addresses to blocks: the core's page map, heaps, runs and direct blocks."""

import struct
from collections import namedtuple
from operator import itemgetter

from . import layout
from .memory import is_core, number, read, word_in

# Slots side by side (kind "small"), or one block ("large": a run of pages; "direct": a mapping).
# `free` has a bit for each slot that is with the core; `extension` leads to records.
Region = namedtuple("Region", "kind start slot_bytes count carved free extension")


STATES = ("never", "live", "quarantined", "free")


class Heap:
    """What the library says of itself, read once for each command."""

    def __init__(self):
        self.facts, self.is_core = layout.load(), is_core()
        self.page = self.facts["page_bytes"]
        self.slot_offset = self.at("config", "Config.slot_offset")
        self.is_checked = bool(self.at("settings", "Settings.active"))
        self.has_quarantine = bool(self.at("settings", "Settings.quarantine"))
        self.fill = self.at("settings", "Settings.free_fill")
        names = ("key", "tail_key", "factor")
        self.key, self.tail_key, self.factor = (self.at("secret", f"Secret.{name}") for name in names)
        self.families = self._families()
        self.states = {self.facts[f"state.{name}"]: name for name in STATES}
        self.slot_bytes = self._classes()

    def at(self, place, name):
        """The field of a structure whose place is a fact."""
        offset, width = self.facts[name]
        return number(self.facts[place] + offset, width)

    def field(self, data, name, base=0):
        """The field of a structure that was read."""
        offset, width = self.facts[name]
        return int.from_bytes(data[base + offset : base + offset + width], "little")

    def structure(self, address, name):
        """The bytes of a structure."""
        return read(address, self.facts[name])

    def unpacker(self, structure, names):
        """A function that gives the fields of structures side by side, a tuple for each."""
        fields = sorted((*self.facts[f"{structure}.{name}"], name) for name in names)
        code, at = "<", 0
        for offset, width, _ in fields:
            code += f"{offset - at}x{'?BH?I???Q'[width]}"
            at = offset + width
        every = struct.Struct(f"{code}{self.facts[structure] - at}x")
        order = [name for _, _, name in fields]
        pick = itemgetter(*(order.index(name) for name in names))
        return lambda data: map(pick, every.iter_unpack(data))

    def _families(self):
        names, address = [], self.facts["families"]
        while True:
            name = b""
            while (byte := read(address, 1)) != b"\0":
                name, address = name + byte, address + 1
            if not name:
                return names
            names, address = names + [name.decode()], address + 1

    def _classes(self):
        size, count = self.facts["Class"], self.facts["classes.count"]
        data = read(self.facts["classes"], size * count)
        return [self.field(data, "Class.slot_bytes", size * index) for index in range(count)]


def _leaves(heap):
    """The leaves of the page map: number and address."""
    data = read(heap.facts["page_map.root"], 8 * heap.facts["page_map.root_entries"])
    words = memoryview(data).cast("Q")
    return [(index, leaf) for index, leaf in enumerate(words) if leaf]


def _owners(heap):
    """The descriptors of all heaps and direct blocks, in order of addresses."""
    owner_at, size = heap.facts["Granule.owner"][0], heap.facts["Granule"]
    last = 0
    for _, leaf in _leaves(heap):
        words = memoryview(read(leaf, size * heap.facts["page_map.leaf_granules"])).cast("Q")
        for owner in words[owner_at // 8 :: size // 8]:
            if owner not in (0, last):
                yield owner
            last = owner


def _owner_of(heap, address):
    """The descriptor of what an address lies in; 0 when it is none of ours."""
    facts = heap.facts
    index = address >> facts["page_map.root_shift"]
    if not 0 <= index < facts["page_map.root_entries"]:
        return 0
    leaf = number(facts["page_map.root"] + 8 * index)
    granule = (address >> facts["page_map.granule_shift"]) % facts["page_map.leaf_granules"]
    return number(leaf + granule * facts["Granule"] + facts["Granule.owner"][0]) if leaf else 0


def _direct(heap, owner):
    """The region of a direct block; None when it is not out."""
    data = heap.structure(owner & ~heap.facts["page_map.direct_tag"], "Direct")
    if not heap.field(data, "Direct.live"):
        return None
    start, size = heap.field(data, "Direct.base"), heap.field(data, "Direct.bytes")
    return Region("direct", start, size, 1, 1, 0, heap.field(data, "Direct.extension"))


def _run(heap, base, free_bits, data, at=0):
    """The region of a run of pages, from its descriptor; None when it is free."""
    facts = heap.facts
    page, state = heap.field(data, "Run.page", at), heap.field(data, "Run.state", at)
    start, extension = base + page * heap.page, heap.field(data, "Run.extension", at)
    if state == facts["run.large"]:
        size = heap.field(data, "Run.pages", at) * heap.page
        return Region("large", start, size, 1, 1, 0, extension)
    number_of_class = heap.field(data, "Run.class", at)
    if state != facts["run.slab"] or not 0 < number_of_class < len(heap.slot_bytes):
        return None
    slots, carved = heap.field(data, "Run.slots", at), heap.field(data, "Run.carved", at)
    bits = free_bits + page * facts["heap.words_per_page"] * 8
    free = int.from_bytes(read(bits, (slots + 63) // 64 * 8), "little")
    # Without a layer above no slot is ever announced.
    carved = min(carved, slots) if heap.is_checked else slots
    first, size = start + heap.slot_offset, heap.slot_bytes[number_of_class]
    return Region("small", first, size, slots, carved, free, extension)


def _heap_parts(heap, owner):
    """A heap's first address, its pages up to the top, and its tables."""
    data = heap.structure(owner, "Heap")
    names = ("base", "pages", "top", "runs", "first", "classes", "free_bits")
    return [heap.field(data, f"Heap.{name}") for name in names]


def region_of(heap, address):
    """The region that an address lies in; None when it lies in no block of ours."""
    owner = _owner_of(heap, address)
    if not owner:
        return None
    if owner & heap.facts["page_map.direct_tag"]:
        found = _direct(heap, owner)
    else:
        base, _, _, runs, first, classes, free_bits = _heap_parts(heap, owner)
        page = (address - base) // heap.page
        if number(classes + page, 1) == 0:
            return None
        first_page = number(first + 2 * page, 2)
        data = heap.structure(runs + first_page * heap.facts["Run"], "Run")
        found = _run(heap, base, free_bits, data)
    inside = found and found.start <= address < found.start + found.count * found.slot_bytes
    return found if inside else None


def is_managed(heap, address):
    """Whether an address lies in a heap, free pages included."""
    return _owner_of(heap, address) != 0


def regions(heap):
    """All regions that have blocks, in order of addresses."""
    for owner in _owners(heap):
        if owner & heap.facts["page_map.direct_tag"]:
            found = _direct(heap, owner)
            if found:
                yield found
        else:
            yield from _runs(heap, owner)


def _runs(heap, owner):
    """The regions of one heap: below the top the runs follow one another."""
    base, _, top, runs, _, _, free_bits = _heap_parts(heap, owner)
    size = heap.facts["Run"]
    data = read(runs, top * size)
    page = 0
    while page < top:
        found = _run(heap, base, free_bits, data, page * size)
        if found:
            yield found
        # Stopped in the middle of a change a run may be torn: on by at least a page.
        page += max(heap.field(data, "Run.pages", page * size), 1)


def extents(heap):
    """The address ranges of all heaps and direct blocks."""
    for owner in _owners(heap):
        if owner & heap.facts["page_map.direct_tag"]:
            found = _direct(heap, owner)
            if found:
                yield found.start, found.start + found.slot_bytes
        else:
            base, pages = _heap_parts(heap, owner)[:2]
            yield base, base + pages * heap.page


def cached(heap):
    """The slots that wait in threads' caches: the core counts them as out."""
    found, cache = set(), number(heap.facts["caches"])
    size, count = heap.facts["CacheBin"], heap.facts["classes.count"]
    while cache:
        data = heap.structure(cache, "Cache")
        first = heap.facts["Cache.bins"][0]
        for at in range(first + size, first + size * count, size):
            base, top = heap.field(data, "CacheBin.base", at), heap.field(data, "CacheBin.top", at)
            slots = read(base, top - base)
            found.update(word_in(slots, place) for place in range(0, len(slots), 8))
        cache = heap.field(data, "Cache.next")
    return found
