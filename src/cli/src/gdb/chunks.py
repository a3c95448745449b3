"""What a slot holds: the block in it, its state, and whether header, tail and fill are as they
should be. The formulas of the keyed check and of the canary are here and nowhere else."""

from collections import namedtuple

from .memory import read, read_or_zero, word_in

WORD = (1 << 64) - 1

# `state` is live, quarantined, free, never, changing (its thread is in the middle of malloc or
# free), absent (from a core file), or unknown. `size` is None when nothing tells it. `damage` is a
# list, empty as a rule.
Block = namedtuple("Block", "kind slot end start size state family record damage")
Record = namedtuple(
    "Record",
    "size allocated_at freed_at sequence allocated_by freed_by family state notes shift guard",
)
# Bytes that changed: which part of the chunk they are of, the first, the last, and how many.
Damage = namedtuple("Damage", "part first last count")


def is_valid(heap, header, address):
    """Whether a header's check holds: its lower half is keyed over the address and the upper half."""
    mixed = (address ^ heap.key ^ header >> 32) * heap.factor & WORD
    return header & 0xFFFFFFFF == mixed >> 32


def is_changing(heap, header, address):
    """Whether a header has the mark of a thread that is rewriting the chunk."""
    mark = heap.facts["header.changing"]
    return header == mark or is_valid(heap, header ^ mark, address)


def canary(heap, payload, first, last):
    """The canary's bytes in [first, last) of the chunk with this payload."""
    mixed = (payload ^ heap.tail_key) * heap.factor & WORD
    word = mixed & 0x6F6F6F6F6F6F6F6F | 0x8080808080808080
    lead = first % 8
    return (word.to_bytes(8, "little") * ((last - first + lead) // 8 + 1))[lead : lead + last - first]


def difference(part, first, found, expected):
    """A list with the damage, if there is any."""
    if found == expected:
        return []
    changed = [at for at, (one, other) in enumerate(zip(found, expected)) if one != other]
    return [Damage(part, first + changed[0], first + changed[-1], len(changed))]


def _state(heap, header):
    """The state that a valid header says."""
    return heap.states[header >> heap.facts["header.state_shift"] & 3]


def _slack(heap, header):
    return header >> heap.facts["header.slack_shift"] & heap.facts["header.slack_max"]


def _family(heap, header):
    number = header >> heap.facts["header.family_shift"] & 15
    return heap.families[number] if number < len(heap.families) else None


def records_of(heap, region, first=0, count=None):
    """A region's records, from one on; None when it has none."""
    if not region.extension or not heap.is_checked:
        return None
    size = heap.facts["Record"]
    data = read(region.extension + first * size, (region.carved if count is None else count) * size)
    return [Record._make(fields) for fields in heap.unpacker("Record", Record._fields)(data)]


def state_of(heap, record):
    """The state that a record says."""
    return heap.states.get(record.state, "never")


def _family_of(heap, record):
    return heap.families[record.family] if record.family < len(heap.families) else None


def blocks_in(heap, region):
    """All blocks of a region, those that were never handed out left out."""
    records = records_of(heap, region)
    if region.kind != "small":
        yield large(heap, region, records and records[0])
        return
    data = read_or_zero(region.start, region.carved * region.slot_bytes)
    for index in range(region.carved):
        found = small(heap, region, index, data, records and records[index])
        if found.state != "never" or found.damage:
            yield found


def block_at(heap, region, address):
    """The block of a region that an address lies in."""
    if region.kind != "small":
        records = records_of(heap, region)
        return large(heap, region, records and records[0])
    index = (address - region.start) // region.slot_bytes
    one = region._replace(start=region.start + index * region.slot_bytes, count=1)
    if index >= region.carved:
        return _bare(one, 0, "never")
    records = records_of(heap, region, index, 1)
    one = one._replace(carved=1, free=region.free >> index & 1)
    data = read_or_zero(one.start, one.slot_bytes)
    return small(heap, one, 0, data, records and records[0])


def _bare(region, index, state):
    """A slot of which only that is known."""
    slot = region.start + index * region.slot_bytes
    end = slot + region.slot_bytes
    return Block(region.kind, slot, end, slot, region.slot_bytes, state, None, None, [])


def small(heap, region, index, data, record):
    """The block in a slot; `data` are the bytes of the region's slots."""
    if not heap.is_checked:
        return _bare(region, index, "free" if region.free >> index & 1 else "live")
    at = index * region.slot_bytes
    slot, end = region.start + at, region.start + at + region.slot_bytes
    header = word_in(data, at)
    if is_valid(heap, header, slot):
        state = _state(heap, header)
        if state == "live":
            return _live(heap, (slot, end), header, data[at : at + region.slot_bytes], record)
        return _freed(heap, (slot, end), state, data[at + 8 : at + region.slot_bytes], record)
    if is_changing(heap, header, slot):
        return Block("small", slot, end, slot + 8, None, "changing", None, record, [])
    if heap.is_core and not any(data[at : at + region.slot_bytes]):
        return _absent(heap, region.kind, (slot, end), slot + 8, record)
    return _smashed(heap, slot, end, slot, record)


def _absent(heap, kind, place, start, record):
    """A block whose memory is not in the core file: no slot that was ever used is all zero."""
    family = record and _family_of(heap, record)
    size = record.size if record else None
    return Block(kind, *place, start, size, "absent", family, record, [])


def _live(heap, place, header, data, record):
    """A live slot whose first header is valid."""
    slot, end = place
    payload, gap = slot + 8, []
    if header & heap.facts["header.leading"]:
        payload = slot + _slack(heap, header)
        if payload % 8 or not slot + 8 < payload <= end:
            return _smashed(heap, slot, end, slot, record)
        header = word_in(data, payload - 8 - slot)
        if not is_valid(heap, header, payload - 8):
            return _smashed(heap, slot, end, payload - 8, record)
        expected = canary(heap, payload, slot + 8, payload - 8)
        gap = difference("the gap before it", slot + 8, data[8 : payload - 8 - slot], expected)
    tail = end - _slack(heap, header)
    found = data[tail - slot :]
    damage = gap + difference("its tail", tail, found, canary(heap, payload, tail, end))
    return Block("small", slot, end, payload, tail - payload, "live", _family(heap, header), record, damage)


def _freed(heap, place, state, data, record):
    """A slot that is not live; `data` is what follows its header."""
    slot, end = place
    start, size, family = slot + 8, None, None
    if record and state != "never":
        start, size = slot + max(record.shift, 8), record.size
        family = _family_of(heap, record)
    damage = []
    if heap.has_quarantine and state != "never":
        damage = difference("the fill of freed memory", slot + 8, data, bytes([heap.fill]) * len(data))
    return Block("small", slot, end, start, size, state, family, record, damage)


def _smashed(heap, slot, end, header_at, record):
    """A slot with a header that fails its check: its record tells what it can."""
    damage = [Damage("header", header_at, header_at + 7, None)]
    if not record:
        return Block("small", slot, end, slot + 8, None, "unknown", None, None, damage)
    family = _family_of(heap, record)
    start = slot + max(record.shift, 8)
    return Block("small", slot, end, start, record.size, state_of(heap, record), family, record, damage)


def large(heap, region, record):
    """The block of a page run or of a mapping of its own: its record says what it is."""
    slot, end = region.start, region.start + region.slot_bytes
    if not heap.is_checked:
        return _bare(region, 0, "live")
    if not record:
        return Block(region.kind, slot, end, slot, None, "changing", None, None, [])
    start, state = slot + record.shift, state_of(heap, record)
    family = _family_of(heap, record)
    damage = []
    if state == "live":
        is_guarded = record.guard & heap.facts["guard.guarded"]
        judge = _guarded if is_guarded else _tripwires
        damage = judge(heap, start, record.size, end)
        if damage is None:
            return _absent(heap, region.kind, (slot, end), start, record)
    elif state == "quarantined" and region.kind == "large":
        found = read_or_zero(slot, end - slot)
        if heap.is_core and not any(found):
            return _absent(heap, region.kind, (slot, end), start, record)
        damage = difference("the fill of freed memory", slot, found, bytes([heap.fill]) * len(found))
    return Block(region.kind, slot, end, start, record.size, state, family, record, damage)


def _tripwires(heap, start, size, end):
    """What is damaged around a live large block; None when it is not in the core file."""
    damage, tail = [], start + size
    window = min(end, tail + heap.facts["large.tail_max"] & ~7)
    header, found = word_in(read_or_zero(start - 8, 8), 0), read_or_zero(tail, window - tail)
    if heap.is_core and not header and not any(found):
        return None
    if not is_valid(heap, header, start - 8):
        damage.append(Damage("header", start - 8, start - 1, None))
    return damage + difference("its tail", tail, found, canary(heap, start, tail, window))


def _guarded(heap, start, size, _):
    """The same of a block among guard pages: only its data pages can be looked at. One that starts
    where they do has no header, and one of no bytes has no page."""
    if size == 0:
        return []
    first, end = start & -heap.page, -(-(start + size) // heap.page) * heap.page
    if heap.is_core and not any(read_or_zero(first, end - first)):
        return None
    if start % 8 or start - 8 < first:
        tail = start + size
        found = read_or_zero(tail, end - tail)
        return difference("its tail", tail, found, canary(heap, start, tail, end))
    gap = max(first, start - 8 - heap.facts["guard.front_max"]) + 8
    found = read_or_zero(gap, max(start - 8 - gap, 0))
    expected = canary(heap, start, gap, start - 8) if found else b""
    before = difference("the gap before it", gap, found, expected)
    return before + (_tripwires(heap, start, size, end) or [])
