from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

METRIC_MODULE = """
import numpy as np

def centroid_mm(model, reference):
    means = [np.argwhere(mask.voxels).mean(axis=0) for mask in (model, reference)]
    return float(np.linalg.norm((means[0] - means[1]) * model.spacing_mm))
"""
METRIC_CONFTEST = """
from lab_masks import centroid_mm
from pytest_biasruler import Metric

def pytest_biasruler_metrics():
    return [
        Metric(
            name="centroid_mm",
            unit="mm",
            direction="lower",
            range=(0, None),
            both_empty=0.0,
            one_empty="image diagonal",
            score=centroid_mm,
        )
    ]
"""
CHECK = '[[checks]]\ncheck = "gap"\nby = "age"\nmetric = "centroid_mm"\nlimit = 0.5\n'


@pytest.mark.parametrize("mode", [(), ("-n2",)], ids=["plain", "xdist"])
def test_a_metric_of_a_module_is_scored_and_judged(pytester, write_masks, run, monkeypatch, mode):
    write_masks(CHECK)
    pytester.makepyfile(lab_masks=METRIC_MODULE)
    pytester.makeconftest(METRIC_CONFTEST)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    monkeypatch.syspath_prepend(pytester.path)

    result = run("biasruler.toml", "--biasruler-json=audit.json", *mode)

    assert result.ret == 1
    assert "FAIL gap centroid_mm, age young vs old: gap 1." in result.stdout.str()
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["metrics"]["centroid_mm"]["unit"] == "mm"


def test_plain_data_of_a_plugin_goes_into_the_extensions(pytester, write_benchmark, run):
    write_benchmark("pass")
    pytester.makeconftest(
        """
        def pytest_biasruler_json(audit):
            assert audit.findings[0].outcome == "passed"
            return {"lab": {"protocol": "v7"}}
        """
    )

    result = run("biasruler.toml", "--biasruler-json=audit.json")

    assert result.ret == 0
    audit = json.loads((pytester.path / "audit.json").read_text("utf-8"))
    assert audit["extensions"] == {"lab": {"protocol": "v7"}}


READER_MODULE = """
import numpy as np
from pytest_biasruler import Mask

def read_npz(path):
    with np.load(path, allow_pickle=False) as stored:
        return Mask(voxels=stored["mask"], affine=stored["affine"])
"""
READER_CONFTEST = """
from lab_readers import read_npz

def pytest_biasruler_mask_readers():
    return {".npz": read_npz}
"""


def test_masks_of_another_format_are_read_by_a_plugin(pytester, write_masks, run, monkeypatch):
    path = write_masks("fail")
    path.write_text(path.read_text("utf-8").replace("unet/{case}.nii", "unet/{case}.npz"), "utf-8")
    for mask in (pytester.path / "unet").glob("*.nii"):
        image = nib.Nifti1Image.from_filename(mask)
        np.savez(mask.with_suffix(".npz"), mask=np.asarray(image.dataobj), affine=image.affine)
        mask.unlink()
    pytester.makepyfile(
        lab_readers=READER_MODULE,
        test_mask="""
        def test_mask(biasruler_masks):
            assert biasruler_masks["unet", "c0"].spacing_mm == (1.0, 1.0, 2.0)
        """,
    )
    pytester.makeconftest(READER_CONFTEST)
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    monkeypatch.syspath_prepend(pytester.path)

    result = run("biasruler.toml", "test_mask.py", "--biasruler=biasruler.toml")

    result.assert_outcomes(failed=1, passed=1)
    assert "FAIL gap dice, age young vs old: gap 0.47" in result.stdout.str()


def test_a_built_in_reader_cannot_be_replaced(pytester, write_masks, run):
    write_masks("fail")
    pytester.makeconftest("def pytest_biasruler_mask_readers():\n    return {'.nii': open}")

    result = run("biasruler.toml")

    assert result.ret == 4
    assert 'BR602: masks ending in ".nii" are read by pytest-biasruler and by' in (
        result.stderr.str()
    )


def test_a_section_of_a_plugin_stands_in_the_report_escaped(pytester, write_benchmark, run):
    write_benchmark("pass")
    pytester.makeconftest(
        """
        from pytest_biasruler import Section

        def pytest_biasruler_report_sections(audit):
            return [
                Section(
                    title="Scanners",
                    paragraphs=["Two <makers>."],
                    head=("maker", "cases"),
                    rows=[("GE", 120)],
                )
            ]
        """
    )

    result = run("biasruler.toml", "--biasruler-html=report.html")

    assert result.ret == 0
    page = (pytester.path / "report.html").read_text("utf-8")
    assert "Scanners" in page
    assert "Two &lt;makers&gt;." in page


def test_a_key_given_twice_and_data_that_is_not_plain_end_red_and_name_the_plugins(
    pytester, write_benchmark, run
):
    write_benchmark("pass")
    pytester.makepyfile(
        one_lab="def pytest_biasruler_json(audit):\n    return {'lab': 1, 'path': {1, 2}}",
        two_lab="def pytest_biasruler_json(audit):\n    return {'lab': 2}",
    )
    pytester.syspathinsert()

    result = run("biasruler.toml", "-p", "one_lab", "-p", "two_lab")

    assert result.ret == 1
    text = result.stdout.str()
    assert 'extension "lab" is given by' in text
    assert "one_lab" in text
    assert "two_lab" in text
    assert 'extension "path" of one_lab is no plain data' in text


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise ZeroDivisionError", "raised ZeroDivisionError"),
        ("return [1]", "extends the audit by a list"),
        ("return {1: 2, 'a': {1, 2}}", 'extension "a" of bad_lab is no plain data'),
    ],
)
def test_a_hook_that_fails_ends_red_after_the_verdict_and_keeps_the_report(
    pytester, write_benchmark, run, body, told
):
    write_benchmark("pass")
    pytester.makepyfile(
        bad_lab=f"def pytest_biasruler_json(audit):\n    {body}",
        good_lab="""
        import pytest

        def pytest_biasruler_json(audit):
            return {"lab": 1}

        class Wrapper:
            @pytest.hookimpl(wrapper=True)
            def pytest_biasruler_json(self, audit):
                return (yield)

        def pytest_configure(config):
            config.pluginmanager.register(Wrapper())
        """,
    )
    pytester.syspathinsert()

    result = run("biasruler.toml", "-p", "bad_lab", "-p", "good_lab", "--biasruler-json=a.json")

    assert result.ret == 1
    text = result.stdout.str()
    assert "PASS 1 check" in text
    assert "bad_lab" in text
    assert told in text
    assert json.loads((pytester.path / "a.json").read_text("utf-8"))["extensions"]["lab"] == 1
