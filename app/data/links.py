"""What a page shows, as query parameters: its address restores exactly what is seen.

Widgets hold what is seen; every widget of a page has a key that begins with the page's name. `arrived` says when the
address knows better (a link, a bookmark, the browser's Back), and `show` writes the address after the page is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.style.plain_text import code, plain

Address = dict[str, list[str]]

_ADDRESSES, _WIDGETS, _PAGE, _GIVEN, _PLACE = "_addresses", "_widgets", "_page", "_given", "_place"


def arrived(page: str) -> Address | None:
    """The parameters that the widgets must be set to; None where the widgets are to be left as they are.

    Coming back from another page restores what was seen there. An address that differs from the last one written
    counts only while no widget has moved: else it is an older one, sent before the browser heard of the last.
    What it asks for and is not there is said where this is called.
    """
    address = _arrived(page)
    st.session_state[_GIVEN] = {f"{page}.{key}": values for key, values in (address or {}).items()}
    st.session_state[_PLACE] = st.empty(), []
    return address


def _arrived(page: str) -> Address | None:
    address = {key: st.query_params.get_all(key) for key in st.query_params}
    entering = st.session_state.get(_PAGE) != page
    st.session_state[_PAGE] = page
    written = st.session_state.setdefault(_ADDRESSES, {}).get(page)
    if entering:
        return address or written or {}
    if address == written or _widgets(page) != st.session_state.get(_WIDGETS):
        return None
    return address


def show(page: str, seen: Mapping[str, str | Sequence[str]]) -> None:
    """Write the address of what is seen; empty values are left out."""
    address: Address = {key: [value] if isinstance(value, str) else list(value) for key, value in seen.items() if value}
    st.session_state[_ADDRESSES][page] = address
    st.session_state[_WIDGETS] = _widgets(page)
    if address != {key: st.query_params.get_all(key) for key in st.query_params}:
        st.query_params.from_dict(address)


def reset(page: str) -> None:
    """Forget the state of a page's widgets, so that they take what is set next."""
    for key in list(_widgets(page)):
        del st.session_state[key]


def offer(key: str, options: Sequence[Any], default: Any) -> None:
    """Before a widget with these options is made: set it to the default where its value is none of them."""
    value = st.session_state.get(key)
    if value not in options:
        missing(key, [value])
        st.session_state[key] = default


def offer_several(key: str, options: Sequence[str], default: Sequence[str], most: int) -> list[str]:
    """The same for what takes several, `most` of them; it is only left empty if a person emptied it. Returns them."""
    before = st.session_state.get(key)
    valid = kept(key, options, most)
    st.session_state[key] = list(default) if before is None or (before and not valid) else valid
    return list(st.session_state[key])


def kept(key: str, options: Sequence[str], most: int) -> list[str]:
    """Those of the values under a key that are among the options, `most` of them."""
    values = st.session_state.get(key) or []
    valid = [value for value in dict.fromkeys(values) if value in options]
    missing(key, [value for value in values if value not in options])
    missing(key, valid[most:], f"{most} are the most that are shown at once")
    return valid[:most]


def missing(key: str, values: Sequence[Any], why: str = "there is none here") -> None:
    """Say which of these values the address asked for, in vain."""
    in_address = st.session_state.get(_GIVEN, {}).get(key, [])
    wanted = [str(value) for value in values if str(value) in in_address]
    if wanted:
        place, said = st.session_state[_PLACE]
        said.append(f"The link asks for {plain(key.partition('.')[2])} {', '.join(map(code, wanted))}: {why}.")
        place.warning("  \n".join(said), icon=":material/link_off:")


def _widgets(page: str) -> dict[str, Any]:
    return {str(key): value for key, value in st.session_state.items() if str(key).startswith(f"{page}.")}
