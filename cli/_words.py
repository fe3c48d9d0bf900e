"""Numbers as people read them."""

from events.view import RunView


def seconds(value: float) -> str:
    """`0.4 s`, `12.3 s`, `1:05 min`, `1:02:03 h`."""
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def about(value: float) -> str:
    """A duration that is only guessed: whole seconds, from a minute on in steps of five."""
    if value < 1:
        return "1 s"
    return f"{round(value)} s" if value < 60 else seconds(5 * round(value / 5))


def ago(value: float) -> str:
    """`now`, `4 min ago`, `3 h ago`, `12 days ago`."""
    for size, name in ((86400, "days"), (3600, "h"), (60, "min")):
        if value >= (2 * size if name == "days" else size):
            return f"{value // size:.0f} {name} ago"
    return "now"


def dollars(value: float) -> str:
    """`$0`, `$0.0031`, `$0.25`, `$12.50`: small amounts keep two digits that say something."""
    if value == 0:
        return "$0"
    return f"${value:.4f}" if value < 0.1 else f"${value:.2f}"


def cost(view: RunView) -> str:
    """What a run has cost so far. A price that nobody knows is not a price of zero."""
    if view.cost_usd is None:
        return "" if view.cost_complete else "cost unknown"
    return dollars(view.cost_usd) if view.cost_complete else f"at least {dollars(view.cost_usd)}"


def tokens(view: RunView) -> str:
    return f"{view.input_tokens + view.output_tokens:,} tokens"
