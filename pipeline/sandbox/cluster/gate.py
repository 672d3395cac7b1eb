"""gate: what the courier may see of this machine is settled before any of others' code is loaded."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.sandbox.cluster.membership import Membership
from pipeline.sandbox.confinement import see_only

# Where names become addresses, and what libraries ask of the machine and of their own process.
_WORLD = (
    *("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf"),
    *("/run/systemd/resolve", "/proc/self", "/proc/stat", "/proc/meminfo", "/proc/cpuinfo"),
)


def main() -> None:
    """Shuts the gate behind the courier; arguments are the courier's."""
    house = Path(__file__).resolve().parents[2]
    certificates = Membership.from_json(sys.argv[2]).certificates
    tessdata = os.environ.get("TESSDATA_PREFIX")
    readable = (*_WORLD, str(house), str(certificates), *([tessdata] if tessdata else []))
    see_only(readable, [str(house.parent), *filter(os.path.isabs, sys.path)])
    from pipeline.sandbox.cluster.courier import main as carry

    carry()


if __name__ == "__main__":
    main()
