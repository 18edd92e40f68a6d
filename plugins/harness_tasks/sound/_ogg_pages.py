"""Ogg pages, of recordings and films alike: their checksum (RFC 3533, section 6)."""

from __future__ import annotations

import zlib

_CHECKSUM = slice(22, 26)
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def has_its_checksum(page: bytes) -> bool:
    """Whether a whole page, header included, has the content that its checksum was made of.

    Ogg's CRC is zlib's with the bits of bytes and result mirrored, and no inversion before and after.
    """
    without = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    found = zlib.crc32(without.translate(_MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return found.to_bytes(4, "little").translate(_MIRRORED) == page[_CHECKSUM][::-1]
