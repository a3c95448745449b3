"""Heapwarden's commands for gdb: `hw`. Load it with `source`; `heapwarden gdb` prints where it is.

Everything is found by plain reads of memory: nothing is called in the program, no lock is waited
for, no thread has to run. So it works wherever a process was stopped, and in core files.
"""


def _load():
    """Imports the modules beside this file, those of this version, under a name of their own."""
    import importlib
    import os
    import sys
    import types

    for name in [name for name in sys.modules if name.split(".")[0] == "heapwarden_gdb"]:
        del sys.modules[name]
    package = types.ModuleType("heapwarden_gdb")
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]
    sys.modules["heapwarden_gdb"] = package
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        importlib.import_module("heapwarden_gdb.commands")
    finally:
        sys.dont_write_bytecode = writes


_load()
