"""What is printed of a block."""

from . import stacks

STATES = {
    "live": "live",
    "quarantined": "freed, and waits in the quarantine",
    "free": "freed",
    "never": "never handed out",
    "changing": "just being allocated or freed by a thread",
    "absent": "not in the core file",
    "unknown": "unknown: its header is damaged, and there is no record of it",
}
NO_THREAD = 0xFFFF


def offset(block, address):
    """Where an address lies, against its block."""
    size = block.size or 0
    if address < block.start:
        return f"{block.start - address} bytes before"
    if address < block.start + size:
        return f"{address - block.start} bytes inside of"
    return f"{address - block.start - size} bytes after"


def name(block):
    """`24-byte block [0x.., 0x..)`."""
    if block.size is None:
        return f"slot [{block.slot:#x}, {block.end:#x}) of {block.end - block.slot} bytes"
    return f"{block.size}-byte block [{block.start:#x}, {block.start + block.size:#x})"


def damage(block):
    """A line for each damage."""
    text = []
    for found in block.damage:
        if found.count is None:
            text.append(f"  DAMAGED: its header at {found.first:#x}")
            continue
        noun = "byte" if found.count == 1 else "bytes"
        text.append(
            f"  DAMAGED: {found.count} {noun} of {found.part}, "
            f"from {found.first:#x} to {found.last:#x} ({offset(block, found.first)} the block)"
        )
    return text


def _thread(number):
    return "a thread without a number" if number == NO_THREAD else f"thread T{number}"


def history(heap, block):
    """Who allocated and freed it, and where."""
    record = block.record
    if not record or block.state in ("never", "changing"):
        return []
    text = [f"  allocated by {_thread(record.allocated_by)}, as its block number {record.sequence}"]
    if record.allocated_at:
        text[-1] += f", at site {record.allocated_at}:"
        text += stacks.lines(heap, record.allocated_at)
    if block.state in ("quarantined", "free"):
        text.append(f"  freed by {_thread(record.freed_by)}")
        if record.freed_at:
            text[-1] += f", at site {record.freed_at}:"
            text += stacks.lines(heap, record.freed_at)
    return text


def block(heap, found, address):
    """All that is known of a block, against an address in its slot."""
    text = [f"{address:#x} is {offset(found, address)} {name(found)}"]
    if found.size is None:
        text = [f"{address:#x} is in {name(found)}"]
    family = f", from {found.family}" if found.family else ""
    kinds = {
        "small": f"slot of {found.end - found.slot} bytes at {found.slot:#x}",
        "large": f"{found.end - found.slot} bytes of pages at {found.slot:#x}",
        "direct": f"mapping of {found.end - found.slot} bytes at {found.slot:#x}",
    }
    text.append(f"  {STATES[found.state]}{family}; {kinds[found.kind]}")
    return text + damage(found) + history(heap, found)
