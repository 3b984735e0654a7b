from __future__ import annotations

import numpy as np
import pytest

from pytest_biasruler.statistics.covariates import code_covariates
from pytest_biasruler.statistics.regression import fit_line


def example(seed=0, n=36, sizes=(1, 2, 3)):
    rng = np.random.default_rng(seed)
    matrix = np.column_stack((np.ones(n), rng.normal(size=(n, 2))))
    patients = np.repeat(np.arange(n), np.resize(sizes, n))[:n]
    return rng.random(n), matrix, patients


def test_the_pull_of_a_patient_is_what_the_prediction_loses_without_him():
    values, matrix, patients = example()
    fit = fit_line(values, matrix=matrix, patients=patients)
    row = matrix[:7].mean(axis=0)
    left_out = [
        row @ np.linalg.lstsq(matrix[patients != p], values[patients != p], rcond=None)[0]
        for p in fit.patients
    ]
    assert fit.pulls(row) == pytest.approx(row @ fit.slopes - np.array(left_out))


def test_single_cases_have_the_error_that_is_known_as_hc3():
    values, matrix, _ = example()
    fit = fit_line(values, matrix=matrix, patients=np.arange(36))
    inverse = np.linalg.inv(matrix.T @ matrix)
    leverage = np.einsum("ij,jk,ik->i", matrix, inverse, matrix)
    errors = (values - matrix @ inverse @ matrix.T @ values) / (1 - leverage)
    covariance = inverse @ (matrix.T * errors**2) @ matrix @ inverse
    row = np.array([1.0, 0.4, -0.2])
    pulls = fit.pulls(row)
    assert pulls @ pulls == pytest.approx(row @ covariance @ row)


def test_redundant_columns_are_not_counted():
    values, matrix, patients = example()
    doubled = np.column_stack((matrix, matrix[:, 1] * 2, np.zeros(36)))
    fit = fit_line(values, matrix=doubled, patients=patients)
    assert fit.rank == 3
    assert fit.df == len(np.unique(patients)) - 3
    plain = fit_line(values, matrix=matrix, patients=patients)
    assert doubled @ fit.slopes == pytest.approx(matrix @ plain.slopes)
    assert fit.r_squared == pytest.approx(plain.r_squared)


def test_a_prediction_that_hinges_on_one_patient_has_no_error_and_others_do():
    matrix = np.column_stack((np.ones(5), [0.0, 0, 0, 0, 1]))
    fit = fit_line(np.array([1.0, 2, 3, 4, 9]), matrix=matrix, patients=np.arange(5))
    assert fit.pulls(np.array([1.0, 1.0]))[-1] == np.inf
    assert np.isfinite(fit.pulls(np.array([1.0, 0.0]))).all()


def test_equal_values_have_no_share_that_is_explained():
    fit = fit_line(np.full(4, 0.1), matrix=np.ones((4, 1)), patients=np.arange(4))
    assert np.isnan(fit.r_squared)


def code(covariates, n_reference, patients=None):
    n_cases = len(next(iter(covariates.values())))
    return code_covariates(
        covariates,
        is_reference=np.arange(n_cases) < n_reference,
        patients=np.arange(n_cases) if patients is None else np.array(patients),
    )


def test_numbers_are_told_in_standard_deviations_of_the_reference_group():
    design = code({"x": [1.0, 3.0, 5.0, np.nan]}, 2)
    assert design.matrix[:, 1].tolist() == [-1.0, 1.0, 3.0, 0.0]
    assert design.is_outside.tolist() == [False, False, True, False]
    assert design.is_known.tolist() == [True, True, True, False]


def test_a_text_that_one_patient_of_the_reference_group_has_is_beyond_reach():
    texts = ["<b>", "<b>", "NA", "NA", "NA", "<b>", "", "007"]
    design = code({"x": texts}, 5, patients=[0, 1, 2, 2, 2, 3, 4, 5])
    assert design.is_usable.tolist() == [True, True, False, False, False, True, False, False]
    assert design.is_outside.tolist() == [False, False, True, True, True, False, False, True]
    assert design.matrix.shape == (8, 1)  # one usable text needs no indicator


def test_truth_values_are_numbers_and_mixed_cells_are_text():
    design = code({"x": [True, False, True], "y": np.array(["1", "1", "a"], dtype=object)}, 2)
    assert design.matrix.shape == (3, 2)
    assert design.is_usable.tolist() == [True, True, False]
