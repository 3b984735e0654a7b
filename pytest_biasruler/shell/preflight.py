"""What is refused before anything is scored: outputs, benchmark files, their tables and masks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pytest_biasruler.benchmark.check import Policy
from pytest_biasruler.benchmark.refusals import in_order, problems_of, raise_if_any
from pytest_biasruler.errors import BiasRulerError
from pytest_biasruler.shell.earlier import (
    announce_missing,
    describe_earlier,
    refuse_missing,
    refuse_overwriting,
)
from pytest_biasruler.shell.extensions import plugin_metrics, plugin_readers
from pytest_biasruler.shell.items import declared_checks, load_benchmark, read_tables
from pytest_biasruler.shell.options import is_listing
from pytest_biasruler.shell.outputs import clear_outputs, name_file, own_paths, show_path
from pytest_biasruler.shell.settings import settings_of, usage_error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from pytest_biasruler.benchmark.definition import Benchmark


def named_files(config: pytest.Config) -> dict[Path, bool]:
    """Return the benchmark files that this run names; whether each is collected as tests."""
    folder = config.invocation_params.dir
    files: dict[Path, bool] = {}
    for argument in config.args:
        path = folder / argument.partition("::")[0]
        if path.suffix == ".toml" and path.is_file():
            files[path] = True
    option = settings_of(config).file
    if option is not None:
        files.setdefault(option, False)
    return files


def refuse_bad_start(config: pytest.Config) -> None:
    """End the run with exit code 4 if it is badly configured; listings look into TOML alone.

    Raises
    ------
    pytest.UsageError
        With every problem of the outputs, the benchmark files and their tables.
    """
    settings, is_only_listing = settings_of(config), is_listing(config)
    problems = [] if is_only_listing else _clear_outputs(config)
    places = ["the outputs"] if problems else []
    unfit = problems_of(lambda: plugin_readers(config))
    problems, places = [*problems, *unfit], [*places, *(["the mask readers"] if unfit else [])]
    absent = [] if is_only_listing else _miss_cluster(config)
    problems, places = [*problems, *absent], [*places, *(["the cluster"] if absent else [])]
    for path, is_collected in named_files(config).items():
        shown = show_path(path, root=settings.root)
        found = _inspect(
            config, path, needs_checks=is_collected, looks_at_data=not is_only_listing
        )
        places += [shown] if found else []
        problems += found
    if problems:
        if settings.public:
            from pytest_biasruler.audit import publish_error

            problems = list(dict.fromkeys(map(publish_error, problems)))
        raise usage_error(problems, " and ".join(places))


def _clear_outputs(config: pytest.Config) -> list[BiasRulerError]:
    """Remove outputs of earlier runs, unless one of them is what this run is held against."""
    settings, outputs = settings_of(config), _earlier_outputs(config)
    junit = getattr(config.option, "xmlpath", None)  # written by pytest itself
    written = [*outputs, *([config.invocation_params.dir / junit] if junit else [])]
    problems = refuse_overwriting(settings, written, names=_names(config))
    return problems or clear_outputs(outputs, root=settings.root)


def _miss_cluster(config: pytest.Config) -> list[BiasRulerError]:
    """Return why nothing can be scored on the cluster of this run, if it is known to need one."""
    settings = settings_of(config)
    address = settings.scheduler
    if address is None or settings.untrusted or not named_files(config):
        return []
    from pytest_biasruler.scoring.cluster import check_cluster

    return problems_of(lambda: check_cluster(address))


def _earlier_outputs(config: pytest.Config) -> list[Path]:
    """Return the paths of this run's outputs, and of each benchmark's if several are named."""
    names = _names(config, only_collected=True)
    several = names if len(names) > 1 else []
    outputs = settings_of(config).outputs.values()
    return [*outputs, *(path for output in outputs for path in own_paths(output, several))]


def _names(config: pytest.Config, *, only_collected: bool = False) -> list[str]:
    """Return the names of the benchmarks that this run names, by file."""
    files = named_files(config)
    names = []
    for path in sorted(files, key=lambda path: name_file(path, config)):
        if files[path] or not only_collected:
            with contextlib.suppress(BiasRulerError):  # told where all files are inspected
                names.append(load_benchmark(config, path).name)
    return names


def describe_benchmarks(config: pytest.Config) -> list[str]:
    """Return a line for each benchmark that this run names, and what may leak names."""
    lines = [_describe(config, path) for path in named_files(config)]
    missing = announce_missing(settings_of(config), _names(config))
    lines += [in_yellow(f"biasruler: {line}", config) for line in missing]
    if settings_of(config).show_cases:
        lines.append("biasruler: outputs contain case names (--biasruler-show-cases)")
    if settings_of(config).public:
        lines.append("biasruler: public mode, groups of 1 to 10 patients are hidden")
    return [*lines, *_describe_confinement(config)]


def _describe(config: pytest.Config, path: Path) -> str:
    from pytest_biasruler.benchmark.declared import declare_checks
    from pytest_biasruler.report.subgroup_table import LONGEST_TITLE
    from pytest_biasruler.report.subgroup_table import shown as name_of

    settings = settings_of(config)
    shown = show_path(path, root=settings.root)
    try:
        benchmark = load_benchmark(config, path)
    except BiasRulerError as error:
        return f"biasruler: {shown} cannot be read ({error.code})"
    declared = str(benchmark.defaults.policy or Policy.CONFIDENT_FAIL)
    policy = settings.policy_of(marker=None, declared=declared)
    n_checks = len(declare_checks(benchmark))
    noun = "check" if n_checks == 1 else "checks"
    name = name_of(benchmark.name, longest=LONGEST_TITLE)
    compare = describe_earlier(settings, benchmark.name)
    told = f"biasruler: {name} ({shown}, {n_checks} {noun}), policy {policy}"
    return f"{told}, compare {compare}"


def in_yellow(text: str, config: pytest.Config) -> str:
    """Return a text for the header, in yellow where the terminal shows colours."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return f"\x1b[33m{text}\x1b[0m" if getattr(reporter, "hasmarkup", False) else text


def _describe_confinement(config: pytest.Config) -> list[str]:
    """Return the line that tells how predictions of strangers are read, if there are any."""
    from pytest_biasruler.scoring.confined import is_memory_limited

    settings = settings_of(config)
    known: list[Benchmark] = []
    for path in named_files(config):
        with contextlib.suppress(BiasRulerError):
            known.append(load_benchmark(config, path))
    if not (settings.untrusted or any(benchmark.untrusted for benchmark in known)):
        return []
    limits = settings.limits
    memory = f"{limits.case_memory_mb} MB" if is_memory_limited() else "memory limit not enforced"
    how = f"a process for each case, {limits.case_timeout_s} s, {memory}"
    if settings.scheduler is not None:
        how += ", none on the cluster"
    return [f"biasruler: untrusted predictions, {how}"]


def _inspect(
    config: pytest.Config, path: Path, *, needs_checks: bool, looks_at_data: bool
) -> list[BiasRulerError]:
    read: list[Benchmark] = []
    problems = problems_of(lambda: read.append(load_benchmark(config, path)))
    shown = show_path(path, root=config.rootpath)
    if needs_checks and read:
        problems = problems_of(lambda: declared_checks(read[0], shown=shown))
    if read and settings_of(config).public:
        from pytest_biasruler.audit import refuse_small_subgroups
        from pytest_biasruler.benchmark.declared import declare_checks

        problems += problems_of(
            lambda: raise_if_any(
                refuse_small_subgroups(read[0], declare_checks(read[0]), shown=shown)
            )
        )
    if read and not problems:
        policies = _policies(config, read[0])
        problems += refuse_missing(settings_of(config), read[0].name, policies)
    if looks_at_data:
        problems += _find_problems(config, path, read=read)
    return in_order(problems)


def _policies(config: pytest.Config, benchmark: Benchmark) -> set[Policy]:
    """Return the policies that the checks of a file have, or its own if it declares none."""
    from pytest_biasruler.benchmark.declared import declare_checks

    default, settings = benchmark.defaults.policy or Policy.CONFIDENT_FAIL, settings_of(config)
    named = {str(check.policy or default) for check in declare_checks(benchmark)}
    return {settings.policy_of(marker=None, declared=each) for each in named or {str(default)}}


def _find_problems(
    config: pytest.Config, path: Path, *, read: Sequence[Benchmark]
) -> list[BiasRulerError]:
    """Return what is wrong with the tables; those of a file with faulty checks are looked at."""
    from pytest_biasruler.audit.inspecting import find_problems

    known = list(read)
    if not known:
        problems_of(lambda: known.append(read_tables(config, path)))
    return find_problems(known[0], metrics=plugin_metrics(config)) if known else []
