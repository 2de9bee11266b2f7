"""What came of running a bundle's runs again: kept in the reader's own store, since a bundle could bring its own."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from leaderboards.data.tables import Tables
from leaderboards.releases.bundles import contents
from leaderboards.releases.bundles.contents import Bundle
from schedules.errors import UserError

VERIFIED, SELF_REPORTED = "verified", "self-reported"
RECEIPTS = "verified"
"""Folder of a store."""


class Receipt(BaseModel):
    """One verification. unverifiable: entries that cannot be run here"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str
    made: str
    agreed: bool
    rerun: tuple[str, ...]
    unverifiable: tuple[str, ...]
    tolerance: str


def bundle_table(file: Path, store: Path, track: str) -> Tables:
    """The runs and scores of a bundle of this track, each entry marked as verified in this store or as self-reported.

    UserError for a bundle that is malformed, or of another track, protocol or version of the track.
    """
    bundle = contents.open_bundle(file)
    if bundle.manifest.track != track:
        raise UserError(f"bundle {file} is of {bundle.manifest.track!r}; expected {track!r}")
    contents.comparable(bundle)
    return contents.as_table(bundle, marks(bundle, load(store, bundle.digest)))


def marks(bundle: Bundle, receipt: Receipt | None) -> dict[str, str]:
    """entry → "verified" where a sample of the bundle agreed and the entry could be in it, else "self-reported"."""
    good = receipt is not None and receipt.agreed
    beyond = set(receipt.unverifiable) if receipt else set()
    entries = {run.entry for run in bundle.runs}
    return {entry: VERIFIED if good and entry not in beyond else SELF_REPORTED for entry in entries}


def save(store: Path, receipt: Receipt) -> Path:
    """Keep a receipt. UserError where the store cannot be written."""
    file = _file(store, receipt.bundle)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(receipt.model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"the receipt cannot be written to {file}: {error}") from error
    return file


def load(store: Path, digest: str) -> Receipt | None:
    """The receipt of a bundle; None where it was not verified here."""
    try:
        return Receipt.model_validate_json(_file(store, digest).read_bytes())
    except (OSError, ValidationError):
        return None


def _file(store: Path, digest: str) -> Path:
    return store / RECEIPTS / f"{digest}.json"
