"""The house style of every page: its colours in light and dark, its measures, its frame."""

from __future__ import annotations

from typing import Final

from dspyui_core.pages.markup import Html, joined, tag

__all__ = ["document"]

# Nothing is fetched and nothing runs, even if some text came through as markup.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
# Colours have a contrast of at least 4.5 to their background in both schemes.
_CSS: Final = """
:root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1b1f24;--quiet:#57606a;
--rule:#d4d9df;--good:#1a7f37;--bad:#b42318;--wait:#8a5a00;--ours:#0b5cad;--theirs:#6e7781}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1d2126;--ink:#e6e9ed;
--quiet:#9aa4af;--rule:#363d45;--good:#4ac26b;--bad:#ff8a80;--wait:#e0a84a;--ours:#6cb6ff;
--theirs:#a2abb5}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:62rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .5rem}
p,ul{margin:.4rem 0}ul{padding-left:1.2rem}
.quiet,caption,th{color:var(--quiet)}
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}
.verdict{border-left:.4rem solid currentColor;background:var(--card);padding:.75rem 1rem;
margin:1rem 0;border-radius:.25rem}
.verdict>*{color:var(--ink)}.verdict>strong{color:inherit;font-size:1.15rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
caption{text-align:left;padding:0 0 .4rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;
border-bottom:1px solid var(--rule)}
th{font-weight:600}tbody th{color:var(--ink)}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.plot{width:38%;min-width:9rem;padding-right:0}
bdi,.value{overflow-wrap:anywhere}bdi{white-space:pre-wrap}.words{min-width:10rem}
th .quiet{font-weight:400;font-size:.8rem}.facts th{width:14rem}
svg{display:block;width:100%;overflow:visible}
svg text{fill:var(--quiet);font-size:11px}
.rule{stroke:var(--rule)}.zero{stroke:var(--quiet)}.least{stroke:var(--wait);stroke-dasharray:3 3}
.ours{stroke:var(--ours);fill:var(--ours)}.theirs{stroke:var(--theirs);fill:var(--theirs)}
.hollow{fill:var(--paper)}.whisker{stroke-width:2}.path{stroke-width:1.5}
.chart{display:flex}.chart>svg:first-child{flex:0 0 2.6rem;width:2.6rem}
.chart>svg:last-child{flex:1;min-width:0}
.key{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;border:2px solid;
margin:0 .3rem 0 0;vertical-align:-.05rem}.legend{margin-right:.9rem;white-space:nowrap}
.key.ours{border-color:var(--ours);background:var(--ours)}.key.open{background:none}
.key.theirs{border-color:var(--theirs);background:var(--theirs)}
.key.good{border-color:var(--good);background:var(--good)}
.key.bad{border-color:var(--bad);background:var(--bad)}
.key.wait{border-color:var(--wait);background:var(--wait)}
.fill{stroke:none}.fill.ours{fill:var(--ours)}.fill.theirs{fill:var(--theirs)}
.fill.good{fill:var(--good)}.fill.bad{fill:var(--bad)}.fill.wait{fill:var(--wait)}
.was{stroke:var(--ink);stroke-width:2}
.unseen{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.bars th,.bars td{padding:.15rem .75rem .15rem 0;border:0;vertical-align:middle}
.bars th{font-weight:400;width:30%}.bars .plot{width:auto;min-width:6rem}
.bars .number{width:8rem;padding-right:0}.bars+details{margin-top:.25rem}
details{border-bottom:1px solid var(--rule);padding:.4rem 0}
summary{cursor:pointer}details[open]>summary{margin-bottom:.5rem}
@media (min-width:40.01rem){.number+.words{padding-left:.75rem}}
.whole{white-space:nowrap}figure{margin:.75rem 0 1.25rem}figcaption{padding:0 0 .4rem}
@media (max-width:40rem){
.stacked thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.stacked tr{display:block;border-bottom:1px solid var(--rule);padding:.6rem 0}
.stacked th,.stacked td{display:block;border:0;padding:.1rem 0;text-align:left;
white-space:normal}
.stacked td::before{content:attr(data-label) ": ";color:var(--quiet)}
.stacked td:empty{display:none}.stacked .plot{width:100%}.stacked .plot::before{content:none}
}
@media print{:root{color-scheme:light}tr{break-inside:avoid}}
"""


def document(title: str, *body: object) -> str:
    """A whole page: everything in it, nothing fetched, no script."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="robots", content="noindex"),
        tag("title", title),
        tag("style", Html(_CSS)),
    )
    page = tag("html", head, tag("body", tag("main", joined(body))), lang="en")
    return f"<!doctype html>\n{page}\n"
