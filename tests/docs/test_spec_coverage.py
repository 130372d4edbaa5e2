"""The page on the coverage of the specification says what the tests say."""

from __future__ import annotations

import pytest

from docs.hooks.spec_coverage import CASES, coverage_page, marked_tests, points, read_cases


@pytest.fixture(scope="module")
def tests() -> dict[str, list[str]]:
    return marked_tests()


def test_every_case_that_a_test_carries_is_one_of_the_specification(
    tests: dict[str, list[str]],
) -> None:
    assert set(tests) <= set(read_cases(CASES))


def test_a_case_has_the_tests_that_carry_it(tests: dict[str, list[str]]) -> None:
    module = "tests/uts/realtime/unit/auth/test_auth_callback_errors.py"
    case = "realtime/unit/RSA4c2/callback-error-connecting-disconnected-0"
    assert tests[case] == [f"{module}::test_error_while_connecting"]


def test_a_case_of_one_parameter_is_found(tests: dict[str, list[str]]) -> None:
    module = "tests/uts/realtime/integration/proxy/test_connection_resume.py"
    case = "realtime/proxy/RTN15a/tcp-close-triggers-resume-1"
    assert tests[case] == [f"{module}::test_drop_triggers_resume"]


def test_the_page_lists_each_case(tests: dict[str, list[str]]) -> None:
    cases = read_cases(CASES)
    page = coverage_page()
    assert f"**{len([case for case in cases if tests.get(case)])} of {len(cases)}**" in page
    rows = [line for line in page.splitlines() if line.startswith("| ") and "| none |" not in line]
    for case in cases:
        _, level, _, name = case.split("/")
        found = any(f"| {name} ({level}) |" in row for row in rows)
        assert found == (case in tests), case


def test_a_case_may_be_about_several_points() -> None:
    assert points("objects/unit/RTO4-RTO5/name-0") == ["RTO4", "RTO5"]
