"""Pages that are run: blocks are found, and a page that shows what is not printed is caught."""

from pathlib import Path

import pytest

from tests.pages import Block, blocks, differs

PAGE = """Save as `a.py`:

```python
print(1)
```

Run it.

```sh
python a.py
```

```text about
1 %
```
"""


def test_blocks_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    assert blocks(tmp_path / "page.md") == [
        Block("python", "print(1)\n", "a.py"),
        Block("sh", "python a.py\n", ""),
        Block("text about", "1 %\n", ""),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "about", "same"),
    [
        ("a\nb 1\n", "a\nb 1\n", False, True),
        ("a\nb 1\n", "a\nb 2\n", False, False),
        ("a\n", "a\nb\n", False, False),
        ("a\n...\n", "a\nb\nc\n", False, True),
        ("...\nc\n", "a\nb\nc\n", False, True),
        ("...\nb\n", "a\nb\nc\n", False, False),
        ("a ...\n", "a b, c\n", False, True),
        ("│ 81.7 │ x │\n", "│ 9.6  │ x │\n", True, False),
        ("│ 81.7 │ x │\n", "│ 79.12  │ x │\n", True, True),
        ("│ 81.7 │ x │\n", "│ 79.1 │ y │\n", True, False),
        ("┏━━┳━┓\n16 of 24\n", "┏━━━━┳━┓\n9 of 24\n", True, True),
        ("5 %, ...\n", "6 %, 99 %\n", True, True),
    ],
)
def test_what_a_page_shows_is_compared(shown: str, printed: str, about: bool, same: bool) -> None:
    assert (differs(shown, printed, about=about) == "") == same
