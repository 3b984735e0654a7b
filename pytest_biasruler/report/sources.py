"""What the methods of an audit were taken from, as a list for a paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_biasruler.checks.finding import Finding

DISTANCES = ("hd95_mm", "hd_mm", "assd_mm", "nsd")

_ALWAYS = (
    "Welch, B. L. (1947). Biometrika 34(1/2), 28–35. doi:10.2307/2332510",
    "Hothorn, T., Bretz, F. & Westfall, P. (2008). Biometrical Journal 50(3), 346–363. "
    "doi:10.1002/bimj.200810425",
    "Berger, R. L. & Hsu, J. C. (1996). Statistical Science 11(4), 283–319. "
    "doi:10.1214/ss/1032280304",
)
_HOLM = "Holm, S. (1979). Scandinavian Journal of Statistics 6(2), 65–70."
_SURFELS = (
    "Nikolov, S. et al. (2021). Journal of Medical Internet Research 23(7), e26151. "
    "doi:10.2196/26151 (surface elements)"
)
_FIELLER = (
    "Fieller, E. C. (1954). Journal of the Royal Statistical Society B 16(2), 175–185. "
    "doi:10.1111/j.2517-6161.1954.tb00159.x"
)
_OF_CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (_FIELLER, ("ruler", "labels", "amplification")),
    (
        "Mantel, N. & Haenszel, W. (1959). Journal of the National Cancer Institute 22(4), "
        "719–748. doi:10.1093/jnci/22.4.719",
        ("echo",),
    ),
    (
        "Oaxaca, R. (1973). International Economic Review 14(3), 693–709. doi:10.2307/2525981",
        ("difficulty",),
    ),
    (
        "Cliff, N. (1993). Psychological Bulletin 114(3), 494–509. "
        "doi:10.1037/0033-2909.114.3.494",
        ("morphology",),
    ),
    (
        "Kendall, M. G. (1945). Biometrika 33(3), 239–251. doi:10.1093/biomet/33.3.239",
        ("ranking",),
    ),
    (
        "Paule, R. C. & Mandel, J. (1982). Journal of Research of the National Bureau of "
        "Standards 87(5), 377–385. doi:10.6028/jres.087.022",
        ("transport",),
    ),
    (
        "Higgins, J. P. T., Thompson, S. G. & Spiegelhalter, D. J. (2009). Journal of the Royal "
        "Statistical Society A 172(1), 137–159. doi:10.1111/j.1467-985X.2008.00552.x",
        ("transport",),
    ),
    (
        "Angelopoulos, A. N., Duchi, J. C. & Zrnic, T. (2023). PPI++. arXiv:2311.01453",
        ("rectified",),
    ),
)


def list_sources(findings: Collection[Finding]) -> tuple[str, ...]:
    """Return the sources of the methods that these findings rest on."""
    checks = {finding.check for finding in findings}
    n_family = sum(finding.p_fail_holm is not None for finding in findings)
    metrics = {finding.metric for finding in findings}
    return (
        *_ALWAYS,
        *([_HOLM] if n_family > 1 else []),
        *(source for source, used_by in _OF_CHECKS if checks & set(used_by)),
        *([_SURFELS] if metrics & set(DISTANCES) else []),
    )
