"""What a student's cells showed, as the outputs of a notebook: text, and PNG that was looked at.

HTML, SVG, scripts and widgets are not among them, so they reach nobody's browser.
"""

import base64
import binascii
import re
import struct
import zlib
from typing import Any

from classroom.answers import writable

LONGEST_TEXT = 25_000  # characters of one output
MOST_PICTURE = 1 << 20  # bytes
MOST_PIXELS = 4_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # all that a picture needs
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of a pixel, by the kind of colours
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
CONTROL = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"
)


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return the text without colours, control signs, and addresses, which differ in each run.

    Examples
    --------
    >>> plain("<Relu object at 0x7f30a81c3f50>")
    '<Relu object at 0x...>'
    """
    text = ADDRESS.sub("0x...", CONTROL.sub("", writable(text)))
    return text if len(text) <= longest else text[: longest - 4] + " ..."


def notebook_outputs(shown: Any) -> list[dict[str, Any]]:
    """Return the outputs of what the sandbox says that a cell showed; leave out what is none.

    Parameters
    ----------
    shown : object
        JSON of an untrusted program; right is a list of `["stream", text]`, `["text", text]`,
        `["png", base64]` and `["error", name, message, where]`.
    """
    found: list[dict[str, Any]] = []
    for part in shown if isinstance(shown, list) else []:
        if not isinstance(part, list) or not all(isinstance(text, str) for text in part):
            continue
        match part:
            case ["stream", text]:
                found.append({"output_type": "stream", "name": "stdout", "text": plain(text)})
            case ["text", text]:
                found.append(_display({"text/plain": plain(text)}))
            case ["png", data] if picture := png(data):
                found.append(_display({"image/png": picture, "text/plain": "(a picture)"}))
            case ["error", name, says, where]:
                name, says = plain(name, 80), plain(says, 2000)
                lines = [*plain(where, 2000).split("\n"), f"{name}: {says}"]
                lines = [line for line in lines if line]
                found.append(
                    {"output_type": "error", "ename": name, "evalue": says, "traceback": lines}
                )
    return found


def _display(data: dict[str, str]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def png(data: str) -> str:
    """Return a PNG, in base64, with nothing in it but its pixels; "" if it is no sound one.

    The rows are unpacked, so that it is known how large they are. The format:
    https://www.w3.org/TR/png/.
    """
    try:
        content = base64.b64decode(data, validate=True)
        return base64.b64encode(_checked(content)).decode() if len(content) <= MOST_PICTURE else ""
    except (binascii.Error, ValueError, struct.error, zlib.error, KeyError):
        return ""


def _checked(content: bytes) -> bytes:
    if not content.startswith(SIGNATURE):
        raise ValueError("not a PNG")
    kept, rows, place = [SIGNATURE], b"", len(SIGNATURE)
    header = (0, 0, 0, 0, 0, 0, 0)
    kind = b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", content, place)
        chunk = content[place + 8 : place + 8 + length]
        (code,) = struct.unpack_from(">I", content, place + 8 + length)
        if code != zlib.crc32(kind + chunk) or (kind == b"IHDR") != (place == len(SIGNATURE)):
            raise ValueError("a broken part")
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", chunk)
        if kind == b"IDAT":
            rows += chunk
        if kind in CHUNKS:
            kept.append(content[place : place + 12 + length])
        place += 12 + length
    width, height, depth, colours, _, _, interlaced = header
    if not 0 < width * height <= MOST_PIXELS or interlaced:
        raise ValueError("too large, or in several passes")
    size = height * (1 + (width * depth * SAMPLES[colours] + 7) // 8)
    unpacking = zlib.decompressobj()
    if len(unpacking.decompress(rows, size + 1)) != size:
        raise ValueError("not the pixels that it says")
    return b"".join(kept)
