"""The day's agenda on a kit's page, read from a plan of the instructor's guide."""

import html
import re

from ..engine.files import NOTEBOOKS

GUIDE = NOTEBOOKS / "instructor_guide.md"
PLANS = {
    "three-hours": "Three hours",
    "half-a-day": "Half a day",
    "full-day": "A full day",
}
TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
ROW = re.compile(r"^\| (\d+) \| (\d+):(\d\d) \|([^|]*)\|([^|]*)\|", re.MULTILINE)


def agenda(plan, titles, start="0:00"):
    """Return the rows of a plan's table in HTML: when, what, and its sections.

    Rows of one lesson that follow each other are one. Slack is not shown: it belongs to
    what comes before it. The last row is the end.

    Arguments:
        plan: a key of ``PLANS``.
        titles: dict from the file name of a lesson to its title.
        start: when the day begins, such as ``"9:30"``. ``"0:00"`` counts from the start.

    Raises:
        ValueError: ``start`` is not a time of the day.

    Example:
        >>> from collections import defaultdict
        >>> agenda("half-a-day", defaultdict(str), "9:00").splitlines()[0]
        '<tr><td>9:00</td><td>Welcome</td><td></td></tr>'
    """
    if not (clock := TIME.fullmatch(start)):
        raise ValueError(f"start={start}: write a time of the day, such as 9:30.")
    begin = 60 * int(clock[1]) + int(clock[2])
    text = GUIDE.read_text(encoding="utf-8").split(f"## {PLANS[plan]}\n")[1]
    parts, end = [], 0
    for lasts, hours, minutes, part, sections in ROW.findall(text.split("\n## ")[0]):
        at = begin + 60 * int(hours) + int(minutes)
        end = at + int(lasts)
        named = re.search(r"\]\((\d\d_\w+\.ipynb)\)", part)
        what = titles[named[1]] if named else re.split(r"[,:]", part)[0].strip()
        shown = re.findall(r"\*([^*]+)\*", sections)
        if parts and parts[-1][1] == what:
            parts[-1][2].extend(shown)
        elif what != "Slack":
            parts.append((at, what, shown))
    return "\n".join(
        f"<tr><td>{at // 60 % 24}:{at % 60:02}</td><td>{html.escape(what)}</td>"
        f"<td>{html.escape(' · '.join(shown))}</td></tr>"
        for at, what, shown in [*parts, (end, "End", [])]
    )
