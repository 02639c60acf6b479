"""What the C library does with memory, in a process of its own, for it cannot be undone."""

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, sys, tempfile, threading
from foundation.heap import keep_compact

libc = ctypes.CDLL(None)
if not hasattr(libc, "malloc_info"):
    sys.exit("no malloc_info")
is_kept = sys.argv[1] == "compact" and keep_compact()
libc.malloc.restype = ctypes.c_void_p
libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(3)

def allocate():
    together.wait()
    for _ in range(100):
        libc.malloc(ctypes.c_size_t(1000))
    together.wait()

threads = [threading.Thread(target=allocate) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tempfile.NamedTemporaryFile() as file:
    stream = libc.fopen(file.name.encode(), b"w")
    libc.malloc_info(0, ctypes.c_void_p(stream))
    libc.fclose(ctypes.c_void_p(stream))
    print(file.read().count(b"<heap nr="))
"""


@pytest.mark.parametrize(("way", "is_one"), [("compact", True), ("as it comes", False)])
def test_threads_share_one_heap_once_it_is_kept_compact(way: str, is_one: bool) -> None:
    told = subprocess.run(
        [sys.executable, "-c", HEAPS, way], capture_output=True, text=True, check=False, timeout=30
    )
    if "no malloc_info" in told.stderr:
        pytest.skip("not glibc")
    assert told.returncode == 0, told.stderr
    assert (int(told.stdout) == 1) is is_one
