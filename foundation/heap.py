"""How the C library hands out memory, told once at the start of a process that lives for months.

Left alone, glibc gives each thread a heap of its own and puts ever larger blocks among the small
ones: each that goes leaves a hole, and the process grows for days without holding more. Core's
threads wait for disks, most of the time, and can share one heap.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
"Of malloc.h, mallopt(3)."
LARGE_BYTES = 128 * 1024
"glibc's own beginning; set, it stays so. Such a block is its own mapping and goes back whole."


def keep_compact() -> bool:
    """Before there are threads. False where the C library knows no such thing (musl, macOS)."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wishes = {M_ARENA_MAX: 1, M_MMAP_THRESHOLD: LARGE_BYTES, M_TRIM_THRESHOLD: LARGE_BYTES}
    return all([mallopt(option, value) for option, value in wishes.items()])
