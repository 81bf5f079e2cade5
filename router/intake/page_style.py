"""The style sheet of `/rappel`, and the headers that every page of it is sent with.

The sheet is part of each page; the policy names it by its hash, so that no other is applied.
"""

from collections.abc import Mapping

from router.web.policy import source_of

STYLE = """
:root { color-scheme: light dark; --accent: #0b4f9e; --on: #fff; --line: #6b6b6b;
        --soft: #555; --bad: #b81c00; --good: #18653a; --warn: #8a5200; --block: #f3f5f9; }
@media (prefers-color-scheme: dark) {
  :root { --accent: #9cc4ff; --on: #0b1b30; --line: #9a9a9a; --soft: #bdbdbd; --bad: #ff9a8a;
          --good: #7fd6a0; --warn: #f2b866; --block: #1d222b; }
}
body { margin: 0; background: Canvas; color: CanvasText;
       font: 1.0625rem/1.6 system-ui, sans-serif; }
header, main, footer { max-width: 48rem; margin: 0 auto; padding: 1rem; }
header { border-bottom: 1px solid var(--line); font-weight: 700; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; font-size: .875rem; }
h1 { margin: 1rem 0; font-size: 1.875rem; line-height: 1.25; }
h2 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.3; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1.125rem; }
a { color: var(--accent); }
.skip { position: absolute; left: -100vw; }
.skip:focus { position: static; }
.block { padding: 1rem; border-radius: .5rem; background: var(--block); margin-top: 2rem; }
.block rappel-3939, .block form { display: block; margin-top: 1rem; }
.hint { display: block; color: var(--soft); font-size: .875rem; font-weight: 400; }
label { display: block; font-weight: 600; }
input { box-sizing: border-box; width: 100%; max-width: 20rem; min-height: 2.75rem;
        margin: .25rem 0; padding: .5rem .75rem; border: 1px solid var(--line);
        border-radius: .25rem; font: inherit; }
button { min-height: 2.75rem; padding: .5rem 1rem; margin: .5rem .5rem .5rem 0;
         border: 1px solid var(--accent); border-radius: .25rem; background: var(--accent);
         color: var(--on); font: inherit; font-weight: 600; cursor: pointer; }
button.second { background: transparent; color: var(--accent); }
.wrong { margin-bottom: .75rem; padding-left: .75rem; border-left: .25rem solid var(--bad); }
.wrong p { margin: .25rem 0 0; color: var(--bad); font-weight: 600; }
.alert { margin: 1rem 0; padding: .25rem 0 .25rem .75rem; border-left: .25rem solid var(--accent); }
.alert p { margin: 0; }
.alert.success { border-color: var(--good); } .alert.warning { border-color: var(--warn); }
.alert.error { border-color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: 0; }
dd { margin: 0; }
/* A request under way has a code of its own. */
rappel-3939[live] ~ .access { display: none; }
.code { font-size: 1.375rem; font-weight: 700; font-variant-numeric: tabular-nums;
        white-space: nowrap; }
:focus-visible { outline: .1875rem solid var(--accent); outline-offset: .1875rem; }
"""

#: Our script and our style sheet, and requests and forms to us only. The widget's own style is
#: a constructed sheet, which no policy forbids.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; "
    f"style-src {source_of(STYLE)}; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: Not "no-referrer": the form's origin would be "null".
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
