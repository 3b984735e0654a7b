"""The words that a reader may not know, each told once: those that this audit uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_biasruler.report.blocks import Heading, Items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_biasruler.audit import Audit
    from pytest_biasruler.checks.finding import Finding
    from pytest_biasruler.report.blocks import Block

TITLE = "Words"
_BY_CHECK = {
    "ruler": (
        "Distortion: how far the automated reference moves a gap. Its pair of subgroups is the "
        "one whose gap moves most, so it need not be the pair of either gap.",
        "Flattered, beside the average: how much more the automated reference adds to the score "
        "of this subgroup than to that of all; below 0 it makes the subgroup look worse.",
    ),
    "amplification": (
        "Growth of the gap: the gap of the model trained on automated labels minus that of the "
        "model trained on expert labels, both by the experts.",
    ),
    "echo": (
        "Control: a model trained on expert labels. Mistakes that it makes too, or that meet by "
        "chance, do not count as repeated.",
    ),
    "ranking": (
        "Regret: the score, by the experts, that is lost by choosing the model which the "
        "automated reference puts first.",
    ),
    "noise": (
        "Tipping point: labels that are wrong by this much more in one subgroup than in another "
        "could undo the verdict.",
    ),
    "morphology": (
        "Cliff's delta: how often a patient of the first subgroup has the larger number than one "
        "of the second, minus how often the smaller. 0: no difference; 1 or −1: always.",
    ),
}
_TESTS: tuple[tuple[Callable[[Finding], object], str], ...] = (
    (
        lambda finding: finding.estimate,
        "Decision bounds: the range that decides a verdict. It is a FAIL only if all of it is "
        "beyond the limit, a PASS only if all of it is within; section 9 says how often an end "
        "is wrong.",
    ),
    (
        lambda finding: finding.support not in (None, "none"),
        "Guard: bounds are widened as if half a patient more with the worst likely score had been "
        "seen. Support: the range in which that score may lie.",
    ),
    (
        lambda finding: finding.p_fail_holm is not None,
        "Holm, adjusted p: with many checks some would fail by chance alone; p is raised to make "
        "up for their number.",
    ),
    (
        lambda finding: finding.details.get("ambiguity_included"),
        "Case ambiguity included: some cases are hard for experts too. Without a second expert "
        "that cannot be told from automated labels that are worse.",
    ),
)


def make_words(audit: Audit) -> tuple[Block, ...]:
    """Return a list of the words that findings of this audit use, empty if there are none."""
    texts = tuple(_choose(audit))
    return (Heading(text=TITLE), Items(texts=texts)) if texts else ()


def _choose(audit: Audit) -> Iterator[str]:
    yield from (text for test, text in _TESTS if any(test(f) for f in audit.findings))
    asked = {finding.check for finding in audit.findings}
    for check, texts in _BY_CHECK.items():
        if check in asked:
            yield from texts
