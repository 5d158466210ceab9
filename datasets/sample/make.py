"""
Make ``simulated-dimuon.root``: muon pairs as a detector might see them, made by dice.

Not real data, and no full simulation either: bosons with a Breit-Wigner mass decay to two muons
whose momenta are smeared, over a falling background. Energies and momenta are in GeV, angles in
radians. Run ``python make.py [FILE]``; it needs numpy, awkward and uproot. The seed is fixed: every
run writes the same numbers (not the same bytes, for a ROOT file holds the time of writing).
"""

import sys
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

Array = npt.NDArray[np.float64]

SEED = 2012
EVENTS = {"z": 6000, "jpsi": 1500, "background": 4000}
MUON_MASS = 0.1056584
SAME_SIGN = 0.3  # of the background pairs
RESOLUTION = 0.023  # of each transverse momentum: 1.5 GeV on the mass of a Z, 50 MeV on a J/psi
MANTISSA_BITS = 12  # kept of each number, as NanoAOD does: real precision, and a small file


def breit_wigner(rng: np.random.Generator, size: int, mass: float, width: float) -> Array:
    """Masses in GeV, shape (size,), not further than 12 widths from the peak."""
    edge = np.arctan(24.0)
    return mass + width / 2 * np.tan(rng.uniform(-edge, edge, size))


def falling(rng: np.random.Generator, size: int, low: float, high: float) -> Array:
    """Masses in GeV, shape (size,), with a density that falls as 1/m from low to high."""
    return np.asarray(low * (high / low) ** rng.uniform(size=size))


def decay(rng: np.random.Generator, mass: Array, mean_pt: float) -> Array:
    """
    Let bosons of these masses decay to two muons, in every direction alike.

    Returns:
        array: momenta of shape (events, 2, 3) as px, py, pz in GeV.
    """
    momentum = _boson_momentum(rng, mass, mean_pt)
    cosine, phi = rng.uniform(-1, 1, mass.size), rng.uniform(-np.pi, np.pi, mass.size)
    sine = np.sqrt(1 - cosine**2)
    axis = np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=1)
    at_rest = axis * np.sqrt(mass**2 / 4 - MUON_MASS**2)[:, None]
    return np.stack([_boost(p, mass, momentum) for p in (at_rest, -at_rest)], axis=1)


def _boson_momentum(rng: np.random.Generator, mass: Array, mean_pt: float) -> Array:
    pt, phi = rng.exponential(mean_pt, mass.size), rng.uniform(-np.pi, np.pi, mass.size)
    pz = np.sqrt(mass**2 + pt**2) * np.sinh(rng.normal(0, 1.1, mass.size))
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pz], axis=1)


def _boost(p: Array, mass: Array, boson: Array) -> Array:
    """Carry a muon's momentum from the boson's rest frame to the laboratory."""
    energy = np.sqrt(mass**2 + (boson**2).sum(axis=1))
    along = (p * boson).sum(axis=1) / (energy + mass) + mass / 2
    boosted: Array = p + boson * (along / mass)[:, None]
    return boosted


def measure(rng: np.random.Generator, momenta: Array, charge: npt.NDArray[np.int32]) -> ak.Array:
    """
    See muons as a detector does: smeared, and only where there is one (pt > 3 GeV, |eta| < 2.4).

    Args:
        momenta: shape (events, 2, 3), px, py, pz in GeV.
        charge: shape (events, 2), -1 or +1.

    Returns:
        ak.Array: per event none, one or two records of pt, eta, phi, mass and charge; highest pt
            first.
    """
    true_pt = np.hypot(momenta[..., 0], momenta[..., 1])
    pt = true_pt * rng.normal(1, RESOLUTION, true_pt.shape)
    eta = np.arcsinh(momenta[..., 2] / true_pt)
    phi = np.arctan2(momenta[..., 1], momenta[..., 0])
    columns = {"pt": pt, "eta": eta, "phi": phi, "mass": np.full_like(pt, MUON_MASS)}
    muons = ak.zip(
        {name: ak.Array(_rounded(c)) for name, c in columns.items()} | {"charge": charge}
    )
    seen = ak.from_regular(muons)[ak.from_regular((pt > 3) & (abs(eta) < 2.4))]
    return seen[ak.argsort(seen.pt, ascending=False, axis=1)]


def _rounded(values: Array) -> npt.NDArray[np.float32]:
    fraction, exponent = np.frexp(values)
    scale = 2.0**MANTISSA_BITS
    return np.ldexp(np.round(fraction * scale) / scale, exponent).astype(np.float32)


def charges(rng: np.random.Generator, size: int, same: float) -> npt.NDArray[np.int32]:
    """Charges of the two muons, shape (size, 2): alike in a fraction ``same`` of the pairs."""
    first = rng.choice(np.array([-1, 1], np.int32), size)
    sign = np.where(rng.uniform(size=size) < same, 1, -1)
    return np.stack([first, first * sign], axis=1).astype(np.int32)


def make() -> dict[str, Any]:
    """Columns of the tree ``Events``: event number and, per event, the muons; in random order."""
    rng = np.random.default_rng(SEED)
    kinds = [
        (decay(rng, breit_wigner(rng, EVENTS["z"], 91.19, 2.5), 18.0), 0.0),
        (decay(rng, np.full(EVENTS["jpsi"], 3.097), 12.0), 0.0),
        (decay(rng, falling(rng, EVENTS["background"], 2.0, 200.0), 10.0), SAME_SIGN),
    ]
    momenta = np.concatenate([pairs for pairs, _ in kinds])
    charge = np.concatenate([charges(rng, len(pairs), same) for pairs, same in kinds])
    muons = measure(rng, momenta, charge)[rng.permutation(len(momenta))]
    return {"event": np.arange(1, len(muons) + 1, dtype=np.uint32), "Muon": muons}


def write(path: Path) -> None:
    """Write the tree ``Events`` to a new ROOT file, over an old one if there is."""
    columns = make()
    types = {name: ak.type(column).content for name, column in columns.items()}
    with uproot.recreate(path, compression=uproot.ZLIB(9)) as file:
        title = "SIMULATED muon pairs, not real data"
        file.mktree("Events", types, title=title)
        file["Events"].extend(columns)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_name("simulated-dimuon.root"))
