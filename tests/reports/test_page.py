"""The HTML page: one whole file that escapes all text and loads nothing from elsewhere."""

from html.parser import HTMLParser

from matting.reports.page import page
from matting.reports.report import Picture, Section, Strip
from matting.reports.table_formats import Table

VOID = {"meta", "img", "br"}


class Check(HTMLParser):
    """Open tags in order, and every address that a browser would fetch."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_recipes_page_is_whole_escaped_and_needs_nothing_from_elsewhere(written):
    text = (written / "report.html").read_text()
    check = Check(text)
    assert check.open == []
    assert len(check.sources) == 6 * 6 + 2 * 3  # samples and curves
    assert all(source.startswith("data:image/") for source in check.sources)
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "<script" not in text
    assert "procedural/1@&lt;b&gt;" in text
    assert "procedural/1@<b>" not in text


def test_every_text_is_escaped():
    evil = "<script>\"&'"
    table = Table(evil, [evil, evil], [[evil, evil]], [evil], {(0, 1)}, [[evil, evil]], evil, links=[evil])
    strip = Strip(evil, [Picture(evil, evil, evil)], evil)
    text = page(evil, [Section(evil, [evil], [table], [strip])])
    assert Check(text).open == []
    assert "<script" not in text
    assert text.count("&lt;script&gt;&#34;&amp;&#39;") == 19


def test_a_title_stands_once_above_the_strips_that_share_it():
    strips = [Strip("first", []), Strip("first", []), Strip("worst", []), Strip("first", [])]
    text = page("title", [Section(strips=strips)])
    assert [text.count("<h3>first</h3>"), text.count("<h3>worst</h3>")] == [2, 1]


def test_empty_parts_leave_no_tags():
    text = page("title", [Section(tables=[Table("figures", ["", "MSE"], [["row", "1"]])])])
    assert not any(tag in text for tag in ("<h2>", "<ul>", "<b>", "<p", "published>", "<a "))
