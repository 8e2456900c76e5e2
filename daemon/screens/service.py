"""What the screens process does for the daemon: screens by number, one request after another."""

from __future__ import annotations

import traceback

from ...store.chunks import decode_chunk
from ...store.errors import StoreError
from .blocks import TextBlock
from .codec import BadMessageError, encode, pack_matches, pack_rows
from .errors import BadPatternError, ScreenError
from .messages import (
    Answer,
    Ask,
    Blank,
    Checkpoint,
    Checkpointed,
    Collect,
    Done,
    Drop,
    Failed,
    Feed,
    FeedChunk,
    Finish,
    FinishText,
    Found,
    Load,
    Message,
    Painted,
    Reply,
    Request,
    Resize,
    Restore,
    Rows,
    Search,
    Skip,
    Take,
    TakeText,
    Text,
)
from .numbered import NumberedScreen
from .searching import Watch, finder, search

__all__ = ["Service"]

_MAX_TEXT_CHARS = 1000


class Service:
    """The screens, and the requests about them."""

    def __init__(self) -> None:
        self._screens: dict[int, NumberedScreen] = {}

    def answer(self, number: int, request: Message) -> tuple[bytes, bytes]:
        """Do what is asked, and return the frame of the reply. Where that fails, the screen is dropped."""
        try:
            return encode(number, self._answer(request))
        except (ScreenError, BadMessageError) as error:
            text = str(error)
        except Exception as error:  # noqa: BLE001  # whatever one screen meets, the others must not lose theirs
            traceback.print_exc()
            text = f"{type(error).__name__}: {error}"
        if isinstance(request, Request):
            self._drop(request.screen)
        return encode(number, Failed(text[:_MAX_TEXT_CHARS]))

    def _answer(self, request: Message) -> Reply:
        """Do what changes a screen."""
        match request:
            case Blank(number, cols, rows):
                self._screens[number] = screen = NumberedScreen(cols, rows)
            case Load(number, data):
                self._screens[number] = screen = NumberedScreen.from_checkpoint(data)
            case Feed(number, data):
                screen = self._screen(number)
                screen.feed(data)
            case FeedChunk():
                screen = self._feed_chunk(request)
            case Skip(number, offset):
                screen = self._screen(number)
                screen.skip(offset)
            case Resize(number, cols, rows):
                screen = self._screen(number)
                screen.resize(cols, rows)
            case Collect(number, first, end, styled, exact):
                screen = self._screen(number)
                screen.collect(first, end, styled=styled, exact=exact)
            case Drop(number):
                self._drop(number)
                return Done(0)
            case _:
                return self._tell(request)
        return Done(screen.offset)

    def _tell(self, request: Message) -> Painted | Answer | Checkpointed | Rows | Text | Found:
        """Read from a screen."""
        match request:
            case Restore(number, lines):
                return self._screen(number).restore(lines)
            case Ask(number, data):
                return self._screen(number).ask(data)
            case Checkpoint(number):
                return self._screen(number).checkpoint()
            case Take(number):
                return Rows(pack_rows(self._screen(number).take()))
            case Finish(number):
                return Rows(pack_rows(self._screen(number).finish()))
            case TakeText(number, end):
                return self._screen(number).take_text(end)
            case FinishText(number, end):
                return self._screen(number).finish_text(end)
            case Search():
                return _search(request)
        raise ScreenError(f"{type(request).__name__} is no request")

    def _feed_chunk(self, request: FeedChunk) -> NumberedScreen:
        screen = self._screen(request.screen)
        try:
            raw = decode_chunk(request.codec, request.data, request.raw_length)
        except StoreError:  # those who serve the bytes themselves say so to clients and in the log
            screen.skip(screen.offset + request.stop - request.start)
        else:
            screen.feed(raw[request.start : request.stop])
        return screen

    def _screen(self, number: int) -> NumberedScreen:
        screen = self._screens.get(number)
        if screen is None:
            raise ScreenError("the screen is gone")
        return screen

    def _drop(self, number: int) -> None:
        screen = self._screens.pop(number, None)
        if screen is not None:
            screen.close()


def _search(request: Search) -> Found:
    block = TextBlock.unpack(request.data)
    try:
        with Watch(request.within_ms / 1000) as watch:
            wanted = finder(block, request.text, ignore_case=request.ignore_case, is_pattern=request.is_pattern)
            matches, scanned_to = search(block, wanted, before=request.before, most=request.most, go_on=watch.step)
    except BadPatternError as error:
        return Found(request.before, str(error)[:_MAX_TEXT_CHARS], b"[]")
    return Found(scanned_to, None, pack_matches(matches))
