"""What a model can be deployed to: compilers' options, sizes of tiles, emulated boards."""

from dataclasses import dataclass

_COMMON = ("-mthumb", "-ffunction-sections", "-fdata-sections")
_FLASH_AT_0 = ("0x00000000", "4M", "0x20000000", "4M")


@dataclass(frozen=True)
class Target:
    """A kind of processor.

    Attributes
    ----------
    name : str
    title : str
    compiler : str
        Command of its C compiler.
    flags : tuple of str
        That choose the processor.
    tiles : tuple of (int, int)
        Rows and vectors of a product that its registers hold best.
    machine : str
        QEMU's board of this processor; empty where an operating system runs programs.
    emulator : str
        Command that runs a program on this machine; empty where it runs as it is.
    packages : str
        What has to be installed, beside make.
    memory : tuple of str
        Origin and length of the board's flash, then of its RAM.
    instructions_per_tick : float
        Of the emulated core's timer; 0 where it has none.
    """

    name: str
    title: str
    compiler: str
    flags: tuple[str, ...]
    tiles: tuple[int, int]
    machine: str = ""
    emulator: str = ""
    packages: str = "gcc"
    memory: tuple[str, str, str, str] = _FLASH_AT_0
    instructions_per_tick: float = 0.0

    @property
    def is_board(self) -> bool:
        """Whether there is no operating system."""
        return bool(self.machine)


def _cortex_m(
    name: str, title: str, flags: str, machine: str, memory: tuple[str, str, str, str] = _FLASH_AT_0, tick: float = 0.0
) -> Target:
    return Target(
        name,
        title,
        "arm-none-eabi-gcc",
        (*flags.split(), *_COMMON),
        (6, 4),
        machine,
        "qemu-system-arm",
        "gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
        memory,
        tick,
    )


TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("host", "this machine", "cc", ("-march=native",), (4, 2)),
        _cortex_m(
            "cortex-m0", "Cortex-M0, no floating-point unit", "-mcpu=cortex-m0", "microbit",
            ("0x00000000", "256K", "0x20000000", "16K"),
        ),
        _cortex_m(
            "cortex-m4", "Cortex-M4 with a floating-point unit",
            "-mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16", "mps2-an386", tick=40,
        ),
        _cortex_m(
            "cortex-m7", "Cortex-M7", "-mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16", "mps2-an500", tick=40,
        ),
        _cortex_m(
            "cortex-m33", "Cortex-M33 with a floating-point unit",
            "-mcpu=cortex-m33 -mfloat-abi=hard -mfpu=fpv5-sp-d16", "mps2-an505",
            ("0x10000000", "4M", "0x38000000", "2M"), 50,
        ),
        _cortex_m(
            "cortex-m55", "Cortex-M55 with a vector unit", "-mcpu=cortex-m55 -mfloat-abi=hard", "mps3-an547",
            ("0x00000000", "512K", "0x21000000", "2M"), 31.25,
        ),
        Target(
            "cortex-a53", "Cortex-A53 under Linux", "aarch64-linux-gnu-gcc", ("-mcpu=cortex-a53", "-static"), (4, 4),
            emulator="qemu-aarch64", packages="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user",
        ),
    )
}  # fmt: skip
"""Every target by name; a new one adds its lines here."""
