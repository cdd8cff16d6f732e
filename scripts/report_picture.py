#!/usr/bin/env python3
"""A picture of a report for the README: its title, its headline figures, two plots and its tables of accuracies and times, as
far as they fit.

Usage: report_picture.py REPORT.html PICTURE.png   (needs Chromium)
"""

import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH, HEIGHT = 1280, 860
STYLE = """
body { max-width: none; padding: 1.6rem 2rem 0; height: 100vh; overflow: hidden; }
h1 { max-width: none; font-size: 1.6rem; }
.plots { display: grid; grid-template-columns: 1fr 1fr; gap: 1.5rem; }
figure { margin: .6rem 0; } figcaption { display: none; }
.scroll { overflow: hidden; }
"""


def part(page: str, pattern: str, what: str) -> str:
    found = re.search(pattern, page, re.DOTALL)
    if not found:
        sys.exit(f"{sys.argv[1]}: no {what}; is it a report of ridgeline?")
    return found.group(0)


def main() -> None:
    page = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    figures = re.findall(r"<figure>.*?</figure>", page, re.DOTALL)
    tables = [table for table in re.findall(r'<div class="scroll">.*?</div>', page, re.DOTALL) if "FPS" in table]
    body = [
        part(page, r"<h1>.*?</h1>", "title"),
        part(page, r'<div class="highlights">.*?</div>\s*</div>', "headline figures"),
        # Roofline is the last figure; the first is a sweep over sizes or batches, where there is one.
        f'<div class="plots">{"".join(dict.fromkeys([figures[0], figures[-1]]))}</div>' if figures else "",
        *tables[:2],
    ]
    head = part(page, r"<!doctype.*?</style>", "style").replace("</style>", STYLE + "</style>")
    with tempfile.TemporaryDirectory() as folder:
        excerpt = pathlib.Path(folder, "excerpt.html")
        excerpt.write_text(f"{head}</head><body>{''.join(body)}</body></html>", encoding="utf-8")
        target = pathlib.Path(sys.argv[2]).resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                        f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={target}", excerpt.as_uri()],
                       check=True, capture_output=True)


if __name__ == "__main__":
    main()
