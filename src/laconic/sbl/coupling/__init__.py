"""What shares a scale with what: where one kind of coupling more is added, one a file.

Signals share scales with each other (`Coupling`: `Separate`, `SharedSupport`), and so do the atoms of several
modalities (`ModalCoupling`: `OneToOne`, `Groups`, `Tree`, `ScaleMap`, and `Separate` again).
"""

from laconic.sbl.coupling.groups import Groups
from laconic.sbl.coupling.links import Links
from laconic.sbl.coupling.modal import ModalCoupling
from laconic.sbl.coupling.one_to_one import OneToOne
from laconic.sbl.coupling.scale_map import ScaleMap
from laconic.sbl.coupling.signals import Coupling, Separate, SharedSupport
from laconic.sbl.coupling.tree import Tree

COUPLINGS: dict[str, type[ModalCoupling]] = {
    "one-to-one": OneToOne,
    "groups": Groups,
    "tree": Tree,
    "separate": Separate,
}
"""Every coupling of modalities by the name it is chosen by; a new one adds its line here."""

__all__ = [
    "COUPLINGS",
    "Coupling",
    "Groups",
    "Links",
    "ModalCoupling",
    "OneToOne",
    "ScaleMap",
    "Separate",
    "SharedSupport",
    "Tree",
]
