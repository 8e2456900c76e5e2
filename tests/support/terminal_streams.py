"""What programs print, and what none should: streams for terminals, made from a seed.

A stream is a list of steps, bytes or a new size. Every stream favours a few kinds of output, so that what rarely meets
otherwise does meet: margins and wide characters, a saved cursor and a resize.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["PORTABLE", "PROBE", "Step", "TerminalStream", "random_stream"]

Step = bytes | tuple[int, int]
"""What is printed, or the new size: columns and rows."""


@dataclass(frozen=True)
class TerminalStream:
    """Output with its terminal's size.

    Attributes:
        cols: at the start.
        rows: at the start.
        steps: in order.
    """

    cols: int
    rows: int
    steps: tuple[Step, ...]

    def __len__(self) -> int:
        """Bytes printed."""
        return sum(len(step) for step in self.steps if isinstance(step, bytes))

    @property
    def printed(self) -> bytes:
        """All bytes, without the sizes."""
        return b"".join(step for step in self.steps if isinstance(step, bytes))

    def to_json(self) -> str:
        """Return it as text."""
        steps = [step.decode("latin-1") if isinstance(step, bytes) else step for step in self.steps]
        return json.dumps([self.cols, self.rows, steps])

    @classmethod
    def from_json(cls, text: str) -> TerminalStream:
        """Return what `to_json` wrote."""
        cols, rows, steps = json.loads(text)
        return cls(
            cols, rows, tuple(step.encode("latin-1") if isinstance(step, str) else tuple(step) for step in steps)
        )

    def until(self, offset: int) -> list[Step]:
        """Steps up to an offset; a size that changes right there has changed."""
        return list(self._cut(offset))

    def since(self, offset: int) -> list[Step]:
        """Steps behind an offset."""
        before = self.until(offset)
        after = list(self.steps[len(before) :])
        if before and isinstance(before[-1], bytes):
            rest = self.steps[len(before) - 1][len(before[-1]) :]
            after[:0] = [rest] if isinstance(rest, bytes) and rest else []
        return after

    def _cut(self, offset: int) -> Iterator[Step]:
        left = offset
        for step in self.steps:
            if not isinstance(step, bytes):
                yield step
            elif len(step) <= left:
                left -= len(step)
                yield step
            else:
                if left:
                    yield step[:left]
                return


PROBE = (
    b"\x18X\x1b[b\x1b7\x1b[6n\t*\t*\x1b[Z#\x1b8~\x1b[2;2H1\x1bM2\x1bM3\x1b[99;99Hwrapped \xe6\xbc\xa2\r\n\x1bD\x1bE4"
    b"\x0e\x6a\x0f\x6a\x1bN\x6a\x1b[3@\x1b[2P\x1b[L\x1b[M\x1b[2S\x1b[T\x1b[?1J\x1b[3X\x1b[99;1H\r\n\r\n\x1b8{\x1b[<u"
    b"\x1b[?s\x1b[?1;6;7;69;1000;1006;2004r}\x1b[?6l\x1b[?69l\x1b[r\x1b[?7h\x1b[4l\x1b[Habc"
)
"""Shows what a screen does not: saved cursor, margins, tab stops, character sets, the character REP repeats."""

_WORDS = (
    "the quick", "x", " ", "ls -la /usr/share", "0123456789" * 9, "漢字", "日本語テキスト", "héé", "e\u0301a\u0308o",
    "👍", "👍🏽", "👨\u200d👩\u200d👧", "🇩🇪🇫🇷", "❤\ufe0f", "☺\ufe0e", "각", "\u1112\u1161\u11ab", "क्ष", "─│┌┐└┘█▒",
    "a\u200bb", "\ufeff", "\u00a0", "\u3000", "ß", "\U000f0001", "\ue0b0", "ｱ", "…", "~", "jklmqx", "\u0301",
)  # fmt: skip
_NOT_UTF8: tuple[bytes, ...] = (
    b"\xff",
    b"\xc3",
    b"\xe6\xbc",
    b"\xf0\x9f\x91",
    b"\x80",
    b"\xc0\xaf",
    b"\xed\xa0\x80",
    b"\xf8\x88",
    b"\xe9",
)
_UNENDED: tuple[bytes, ...] = (
    b"\x1b]0;never",
    b"\x1bP+q",
    b"\x1b_Gf=32;",
    b"\x1b^x",
    b"\x1bXy",
    b"\x1b[38;2",
    b"\x1b[",
    b"\x1b",
    b"\x1b(",
)
_UNENDED += (b"\x1b]8;id=1;http", b"\x1b[?10", b"\x1b[>", b"\x1b#", b"\x1bP1$r", b"\x1b]52;c;QQ")
_SET_MODES: tuple[int, ...] = (
    1,
    5,
    6,
    7,
    8,
    9,
    12,
    25,
    45,
    66,
    67,
    69,
    1000,
    1002,
    1003,
    1004,
    1005,
    1006,
    1007,
    1015,
    1016,
)
_SET_MODES += (1035, 1036, 1039, 1045, 2004, 2026, 2027, 2031, 2033, 2048, 5522)
_SCREENS = (47, 1047, 1048, 1049)


class _Maker:
    """Writes one piece after another."""

    def __init__(self, chance: random.Random, cols: int, rows: int) -> None:
        self.chance = chance
        self.cols = cols
        self.rows = rows

    def _number(self, top: int) -> bytes:
        return b"%d" % self.chance.choice((0, 1, 1, 2, self.chance.randint(1, max(1, top)), top, top + 3))

    def text(self) -> Step:
        word = self.chance.choice(_WORDS)
        if self.chance.random() < 0.15:
            word = self.chance.choice(("w", "漢", "-", "aé", " z")) * self.chance.randint(1, 2 * self.cols)
        return word.encode()

    def plain(self) -> Step:
        """Words of letters, digits and spaces."""
        words = (
            "the",
            "quick ",
            "0123456789" * 9,
            "x",
            " ",
            "=" * self.cols,
            "y" * self.chance.randint(1, 2 * self.cols),
        )
        return self.chance.choice(words).encode()

    def newlines(self) -> Step:
        return self.chance.choice((b"\r\n", b"\r\n", b"\n", b"\r", b"\r\n" * self.rows, b"\x0b", b"\x0c"))

    def lines(self) -> Step:
        """New lines as programs print them."""
        return b"\r\n" * self.chance.choice((1, 1, 1, 2, self.rows))

    def controls(self) -> Step:
        return self.chance.choice(
            (b"\x08", b"\t", b"\x07", b"\x00", b"\x7f", b"\x05", b"\x18", b"\x1bD", b"\x1bM", b"\x1bE")
        )

    def move(self) -> Step:
        if self.chance.random() < 0.4:
            return b"\x1b[%s;%sH" % (self._number(self.rows), self._number(self.cols))
        return b"\x1b[%s%c" % (self._number(self.cols), self.chance.choice(b"ABCDEFGd`aeIZ"))

    def go_to(self) -> Step:
        """Go to a position on the screen."""
        return self._placed(b"")

    def _colour(self, normal: int) -> bytes:
        number, form = self.chance.randrange(256), self.chance.randrange(6)
        red, green = self.chance.randrange(256), self.chance.randrange(256)
        if form < 2:
            return b"%d%d" % (self.chance.choice((normal, normal + 6)), number % 8)
        patterns = (b"%d8;5;%d", b"%d8:5:%d", b"%d8;2;%d;%d;7", b"%d8:2::%d:%d:9")
        numbers = (normal, number) if form < 4 else (normal, red, green)
        return patterns[form - 2] % numbers

    def sgr(self) -> Step:
        one: tuple[bytes, ...] = (
            b"0",
            b"1",
            b"2",
            b"3",
            b"4",
            b"5",
            b"7",
            b"8",
            b"9",
            b"21",
            b"22",
            b"23",
            b"24",
            b"25",
            b"27",
            b"28",
            b"29",
        )
        one += (
            b"53",
            b"55",
            b"39",
            b"49",
            b"59",
            b"4:0",
            b"4:2",
            b"4:3",
            b"4:4",
            b"4:5",
            b"58:5:9",
            b"58:2::1:2:3",
            b"",
        )
        parts = [
            self.chance.choice((*one, *[self._colour(3), self._colour(4)] * 6))
            for _ in range(self.chance.randint(1, 3))
        ]
        return b"\x1b[%sm" % b";".join(parts)

    def colours(self) -> Step:
        """SGR that every terminal reads alike."""
        number = self.chance.randrange(8)
        return b"\x1b[%sm" % self.chance.choice((b"", b"1", b"7", b"4", b"3%d" % number, b"38;5;%d" % (number * 20)))

    def erase(self) -> Step:
        kinds = (b"\x1b[%dJ", b"\x1b[%dK", b"\x1b[?%dJ", b"\x1b[?%dK")
        return self.chance.choice(kinds) % self.chance.choice((0, 0, 1, 2)) + self.chance.choice((b"", b"", b"\x1b[3J"))

    def clear(self) -> Step:
        """Erasing. Emulators disagree only where the cursor waits to wrap, so it is moved first."""
        return self._placed(self.chance.choice((b"\x1b[K", b"\x1b[K", b"\x1b[2K", b"\x1b[J", b"\x1b[2J")))

    def _placed(self, data: bytes) -> bytes:
        return b"\x1b[%d;%dH" % (self.chance.randint(1, self.rows), self.chance.randint(1, self.cols)) + data

    def edit(self) -> Step:
        final = self.chance.choice(b"@PXLMSTb")
        return b"\x1b[%s%c" % (self._number(self.rows if final in b"LMST" else self.cols), final)

    def margins(self) -> Step:
        one, two = sorted((self.chance.randint(1, self.rows), self.chance.randint(1, self.rows)))
        left, right = sorted((self.chance.randint(1, self.cols), self.chance.randint(1, self.cols)))
        rows, columns = b"\x1b[%d;%dr" % (one, two), b"\x1b[?69h\x1b[%d;%ds" % (left, right)
        return self.chance.choice(
            (rows, rows, columns, rows + columns, b"\x1b[r", b"\x1b[?69l", b"\x1b[?6h", b"\x1b[?6l")
        )

    def region(self) -> Step:
        """Top and bottom margins alone, and the cursor put into its place."""
        one, two = sorted((self.chance.randint(1, self.rows), self.chance.randint(1, self.rows)))
        return self.chance.choice((b"\x1b[%d;%dr" % (one, two) if one < two else b"\x1b[r", b"\x1b[r")) + b"\x1b[H"

    def save(self) -> Step:
        return self.chance.choice((b"\x1b7", b"\x1b8", b"\x1b[s", b"\x1b[u", b"\x1b[?1048h", b"\x1b[?1048l"))

    def screens(self) -> Step:
        return b"\x1b[?%d%c" % (self.chance.choice(_SCREENS), self.chance.choice(b"hl"))

    def full_screen(self) -> Step:
        """Enter or leave the alternate screen as programs do, without margins."""
        return b"\x1b[r" + self._placed(self.chance.choice((b"\x1b[?1049h\x1b[H\x1b[2J", b"\x1b[?1049l\x1b[3;1H")))

    def modes(self) -> Step:
        numbers = self.chance.sample(_SET_MODES, self.chance.randint(1, 3))
        if self.chance.random() < 0.15:
            return b"\x1b[%d%c" % (self.chance.choice((2, 4, 12, 20)), self.chance.choice(b"hl"))
        final = self.chance.choice(b"hhhlllsr")
        return b"\x1b[?%s%c" % (b";".join(b"%d" % number for number in numbers), final) + self._keypad()

    def _keypad(self) -> bytes:
        return self.chance.choice((b"", b"", b"", b"\x1b=", b"\x1b>"))

    def tabs(self) -> Step:
        return self.chance.choice((b"\x1bH", b"\x1b[g", b"\x1b[3g", b"\x1b[?5W", b"\t", b"\t", b"\x1b[2I", b"\x1b[Z"))

    def link(self) -> Step:
        name = self.chance.choice((b"", b"id=a", b"id=b", b"id=x:y=z"))
        uri = self.chance.choice((b"", b"", b"https://example.net/%d" % self.chance.randrange(9), b"file:///a;b"))
        return b"\x1b]8;%s;%s%s" % (name, uri, self.chance.choice((b"\x1b\\", b"\x07")))

    def charsets(self) -> Step:
        slot, final = self.chance.choice(b"()*+"), self.chance.choice(b"0BA0")
        shift = self.chance.choice(
            (b"\x0e", b"\x0f", b"\x1bn", b"\x1bo", b"\x1b~", b"\x1b}", b"\x1b|", b"\x1bN", b"\x1bO")
        )
        return self.chance.choice((b"\x1b%c%c" % (slot, final), shift, b"\x1b(0lqk\x1b(B"))

    def protect(self) -> Step:
        return self.chance.choice((b'\x1b[1"q', b'\x1b[0"q', b'\x1b[2"q', b"\x1bV", b"\x1bW", b"\x1b[?K", b"\x1b[?J"))

    def keyboard(self) -> Step:
        flags = self.chance.randrange(32)
        kinds = (b"\x1b[>%du" % flags, b"\x1b[<u", b"\x1b[<2u", b"\x1b[=%d;%du" % (flags, self.chance.randint(1, 3)))
        return self.chance.choice((*kinds, b"\x1b[>4;2m", b"\x1b[>4;1m", b"\x1b[>4m", b"\x1b[>4;0m"))

    def look(self) -> Step:
        return self.chance.choice((b"\x1b[%d q" % self.chance.randrange(7), b"\x1b[?25l", b"\x1b[?25h", b"\x1b[ q"))

    def title(self) -> Step:
        text = self.chance.choice(("vim - a.c", "", "ü漢\u200d", "x" * 300)).encode()
        return b"\x1b]%c;%s%s" % (self.chance.choice(b"02"), text, self.chance.choice((b"\x07", b"\x1b\\")))

    def palette(self) -> Step:
        colour = b"#%06x" % self.chance.randrange(1 << 24)
        number = self.chance.choice((b"10", b"11", b"12", b"4;%d" % self.chance.randrange(256)))
        reset = self.chance.choice((b"104", b"110", b"111", b"112", b"104;5"))
        return self.chance.choice((b"\x1b]%s;%s\x07" % (number, colour), b"\x1b]%s\x1b\\" % reset))

    def rare(self) -> Step:
        kinds: tuple[bytes, ...] = (
            b"\x1b[!p",
            b"\x1bc",
            b"\x1b#8",
            b"\x1b[?3h",
            b"\x1b[?40h",
            b"\x1b[22;0t",
            b"\x1b[23;0t",
            b"\x1b[1$}",
            b"\x1b[0$}",
        )
        kinds += (
            b"\x1b]22;pointer\x07",
            b"\x1b[>1s",
            b"\x1b[>0s",
            b"\x1b]52;c;QQ==\x07",
            b"\x1b]9;hi\x07",
            b"\x1b]7;file:///x\x07",
        )
        return self.chance.choice(kinds)

    def prompt(self) -> Step:
        """Shell marks."""
        marks = (b"A", b"B", b"C", b"D;0", b"P;k=s", b"A;cl=line", b"N")
        return b"\x1b]133;%s\x07" % self.chance.choice(marks)

    def queries(self) -> Step:
        kinds = (
            b"\x1b[c",
            b"\x1b[>c",
            b"\x1b[5n",
            b"\x1b[6n",
            b"\x1b[?1$p",
            b"\x1bP$qm\x1b\\",
            b"\x1b[>q",
            b"\x1b]11;?\x07",
            b"\x1b[?u",
        )
        return self.chance.choice(kinds)

    def broken(self) -> Step:
        return self.chance.choice((*_NOT_UTF8, *_UNENDED, bytes(self.chance.randrange(256) for _ in range(6))))

    def resize(self) -> Step:
        self.cols = self.chance.choice((self.cols, self.chance.randint(2, 100)))
        self.rows = self.chance.choice((self.rows, self.chance.randint(1, 30)))
        return self.cols, self.rows


_Kind = Callable[[_Maker], Step]
_EVERY: dict[_Kind, int] = {
    _Maker.text: 30, _Maker.newlines: 10, _Maker.move: 10, _Maker.sgr: 10, _Maker.erase: 5, _Maker.edit: 8,
    _Maker.margins: 4, _Maker.save: 4, _Maker.screens: 3, _Maker.modes: 6, _Maker.tabs: 3, _Maker.link: 2,
    _Maker.charsets: 3, _Maker.protect: 2, _Maker.keyboard: 2, _Maker.look: 2, _Maker.title: 1, _Maker.palette: 1,
    _Maker.controls: 3, _Maker.rare: 1, _Maker.queries: 1, _Maker.broken: 2, _Maker.resize: 1, _Maker.prompt: 1,
}  # fmt: skip
_SELDOM = {_Maker.prompt: 0.1, _Maker.rare: 0.4, _Maker.margins: 0.5, _Maker.protect: 0.5, _Maker.screens: 0.6}
PORTABLE: dict[_Kind, int] = {
    _Maker.plain: 30, _Maker.lines: 12, _Maker.go_to: 8, _Maker.colours: 8, _Maker.clear: 4, _Maker.region: 2,
    _Maker.full_screen: 1,
}  # fmt: skip
"""Kinds that every emulator reads alike: what differs there is how a restore was written."""


def random_stream(seed: int, kinds: dict[_Kind, int] | None = None, *, most: int = 250) -> TerminalStream:
    """Return the stream of a seed.

    Args:
        seed: any number; the same one gives the same stream.
        kinds: of output, with how often each comes; all of them where it is None.
        most: pieces at most.
    """
    chance = random.Random(seed)
    cols, rows = chance.choice((10, 20, 40, 80)), chance.choice((3, 6, 12, 24))
    maker = _Maker(chance, cols, rows)
    weights = dict(_EVERY if kinds is None else kinds)
    if kinds is None:
        for kind in chance.sample(list(weights)[2:], chance.randint(0, 12)):
            weights[kind] = 0
        for kind in chance.sample(list(weights), 2):
            weights[kind] *= 4
        for kind, share in _SELDOM.items():
            weights[kind] *= chance.random() < share
    chosen = chance.choices(list(weights), list(weights.values()), k=chance.randint(5, most))
    return TerminalStream(cols, rows, tuple(kind(maker) for kind in chosen))
