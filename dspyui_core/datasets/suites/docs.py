"""Data Docs: Great Expectations' own page of a result, made to need nothing from the network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

# Nothing is fetched and nothing runs, whatever the page still names.
_POLICY: Final = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
# What its page loads, and what does nothing without it: buttons, a logo, an advertisement.
_LOADED: Final = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<footer>.*?</footer>|<img\b[^>]*>"
    r'|<div class="card mb-3">.*?<strong>Actions</strong>.*?</label>\s*</div>\s*</div>\s*</div>\s*'
    r"</div>\s*</div>",
    re.DOTALL,
)
_FETCHED: Final = re.compile(r"url\([^)]*\)")
# Links to pages of a site of which this is the only one.
_ELSEWHERE: Final = re.compile(r'\s(?:href|data-toggle|onclick)="(?!#section)[^"]*"')
_STYLE: Final = """<style>
body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem;color:#1b1f24;background:#fff}
body>.container-fluid>.row{display:flex;gap:2rem;align-items:flex-start}
.row{display:block}.card.collapse,[id$=parent]>p{display:none}
.col-lg-2{flex:0 0 14rem}.col-md-10{flex:1;min-width:0}
ul.nav{list-style:none;padding:0}ul.nav a{display:block;padding:.15rem 0}
.alert{background:#f6f7f9;border-left:.3rem solid #57606a;padding:.5rem .75rem;margin:1rem 0}
h4,h5,h6{margin:0 0 .3rem}ol.breadcrumb{list-style:none;padding:0;color:#57606a}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .75rem .3rem 0;
border-bottom:1px solid #d4d9df}
.badge{background:#eceff2;border-radius:.25rem;padding:0 .35rem}
.text-success{color:#1a7f37}.text-danger{color:#b42318}.text-warning{color:#8a5a00}
i.fas{font-style:normal;font-weight:700}
i.fa-check-circle::before{content:"\\2713"}i.fa-times::before{content:"\\2717"}
i.fa-exclamation-triangle::before{content:"!"}
@media (max-width:50rem){body>.container-fluid>.row{display:block}}
@media (prefers-color-scheme:dark){body{color:#e6e9ed;background:#14171b}
.alert,.badge{background:#1d2126}a{color:#6cb6ff}th,td{border-color:#363d45}}
</style>"""


def data_docs(result: Mapping[str, Any]) -> str:
    """The page of a result that `judge` returned; it names columns of the profile, and no row.

    Importing Great Expectations takes seconds of CPU.
    """
    from great_expectations.core.expectation_validation_result import (
        expectationSuiteValidationResultSchema,
    )
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    loaded = expectationSuiteValidationResultSchema.load(dict(result))
    page = DefaultJinjaPageView().render(ValidationResultsPageRenderer().render(loaded))
    return _self_contained(page)


def _self_contained(page: str) -> str:
    page = _FETCHED.sub("none", _LOADED.sub("", page))
    page = _ELSEWHERE.sub("", page)
    page = page.replace("<head>", f"<head>{_POLICY}", 1)
    return page.replace("</head>", f"{_STYLE}</head>", 1)
