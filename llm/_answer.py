"""One answer as its chunks come: what it says, whether it is whole, and what it took. No waiting, no network."""

from typing import Any

from llm._bounded import LONGEST_NAME
from llm._fences import Unfenced
from llm.client import Call, Usage
from llm.errors import (
    ContentFiltered,
    CutOff,
    EmptyAnswer,
    GarbledStream,
    ModelError,
    Refused,
    ServerFailed,
    StreamCut,
)
from llm.prices import Prices
from llm.tokens import size, tokens_of

_FILTERED = frozenset({"content_filter", "safety"})
_TOO_LONG = frozenset({"length", "max_tokens"})
_FAILED = frozenset({"error", "abort", "insufficient_system_resource"})
"""What OpenRouter, vLLM and DeepSeek say when it was the server that stopped."""


class Answer:
    """Fold the chunks of a stream with `take`; at its end see `problem` and `rest`.

    `heard` tells whether the last chunk brought anything that the model wrote, its reasoning included: that is not
    shown, but it is a sign of life.
    """

    def __init__(self, call: Call, model: str, prices: Prices, max_chars: int) -> None:
        self._asked = model
        self._model = model
        self._prices = prices
        self._room = max_chars
        self._limit = call.max_output_tokens
        self._input = size(call.system) + size(call.user)
        self._output = 0
        self._told: dict[str, Any] | None = None
        self._fences = Unfenced() if call.schema else None
        self._half = ""
        """The first half of a character that a server cut in two."""
        self._spoke = False
        self._refusal: list[str] = []
        self.finish: str | None = None
        self.heard = False
        self.silent = True
        """No chunk has come yet."""

    def take(self, chunk: Any) -> str:
        """The text in `chunk`, a decoded `chat.completion.chunk`. Raises `GarbledStream` or `CutOff`."""
        self.heard = self.silent = False
        try:
            return self._take(chunk)
        except (AttributeError, KeyError, TypeError):
            pass  # below, a chunk is read as it ought to be; whatever of that fails says that it is not
        raise GarbledStream("The model server sent a chunk that is no chat completion chunk.")

    def _take(self, chunk: Any) -> str:
        if isinstance(usage := chunk.get("usage"), dict):
            self._told = usage
        choices = chunk.get("choices")
        if not choices:
            return ""
        self._model = str(chunk.get("model") or self._model)[:LONGEST_NAME]
        choice = choices[0]
        text = self._written(choice.get("delta") or {})
        if finish := choice.get("finish_reason"):
            self.finish = self.finish or str(finish)[:LONGEST_NAME]
        return text

    def _written(self, delta: dict[str, Any]) -> str:
        text = delta.get("content") or ""
        if not isinstance(text, str):  # Mistral: a list of parts, of which only some are text
            text = "".join(part["text"] for part in text if part["type"] == "text")
        refusal: str = delta.get("refusal") or ""
        thought: str = delta.get("reasoning_content") or delta.get("reasoning") or ""
        if not (text or refusal or thought):
            return ""
        if self.finish and text:
            raise GarbledStream("The model server went on writing after it had said that the answer was finished.")
        self.heard = True
        if refusal:
            self._refusal.append(refusal)
        self._count(text, refusal, thought)
        return self._shown(text) if text else ""

    def _count(self, *texts: str) -> None:
        for text in texts:
            self._output += size(text)
            self._room -= len(text)
        if self._room < 0:
            raise CutOff("The model went on and on; we stopped listening.")

    def _shown(self, text: str) -> str:
        if not text.isascii() or self._half:
            text = self._whole(text)
        self._spoke = self._spoke or bool(text.strip())
        return self._fences.feed(text) if self._fences else text

    def _whole(self, text: str) -> str:
        """Text that can be written as UTF-8. A character beyond 16 bits may come as two halves in two chunks."""
        text = self._half + text
        self._half = text[-1] if "\ud800" <= text[-1] <= "\udbff" else ""
        if self._half:
            text = text[:-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def rest(self) -> str:
        """The text that was still held back, at the end of a whole answer."""
        half = "\ufffd" if self._half else ""
        return self._fences.feed(half) + self._fences.finish() if self._fences else half

    @property
    def problem(self) -> ModelError | None:
        """What is wrong with the answer, now that no more of it will come; None when it is whole."""
        if not self.finish:
            return StreamCut("The answer broke off: the server closed the stream before it was finished.")
        if self._refusal:
            return Refused("".join(self._refusal))
        if self.finish in _FILTERED:
            return ContentFiltered("The provider's content filter stopped the answer.")
        if self.finish in _TOO_LONG:
            limit = f" of {self._limit} tokens" if self._limit else ""
            return CutOff(f"The answer reached its limit{limit} before it was finished.")
        if self.finish in _FAILED:
            return ServerFailed(f"The model server stopped in mid-answer ({self.finish}).")
        if not self._spoke:
            asked = ", but asked for a tool" if self.finish in ("tool_calls", "function_call") else ""
            return EmptyAnswer(f"The model finished and wrote nothing{asked}.")
        return None

    @property
    def usage(self) -> Usage:
        """What the call took so far: what the server says, or else our estimate."""
        told = self._told or {}
        counts = told.get("prompt_tokens"), told.get("completion_tokens")
        match counts:
            case (int(given), int(written)) if given > 0 and written >= 0:
                return self._usage(given, written, cached=_cached(told), estimated=False)
            case _:
                return self._usage(tokens_of(self._input), tokens_of(self._output))

    @property
    def untouched(self) -> Usage:
        """What a call took that the model never got to see."""
        return self._usage(0, 0)

    def _usage(self, given: int, written: int, *, cached: int = 0, estimated: bool = True) -> Usage:
        name = self._model if self._prices.find(self._model) else self._asked
        cost = self._prices.cost(name, given, written, cached_tokens=cached)
        return Usage(self._model, given, written, cost, estimated)


def _cached(told: dict[str, Any]) -> int:
    details = told.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON is Any
    return cached if isinstance(cached, int) and cached > 0 else 0
