"""Every chapter of the book has the parts, the length and the tests that the reader relies on."""

import ast
import importlib
import json
import re
import statistics

import pytest
import yaml
from chapter import CHAPTERS, NAMES, Chapter
from lxml import html

ROOT = CHAPTERS.parent
SECTIONS = ["Check it", "Mistakes people make", "Practice", "Exercises", "Check yourself"]
SECTIONS += ["Summary", "Further reading"]
PRACTISED = {"04", "05", "06", "07", "08", "12"}  # chapters that teach a node or a rule of scalars
TIME = r"\*\*Time\*\* \d+ minutes, and \d+ for the exercises\."
KINDS = {"On paper", "In code", "Break something"}

each_chapter = pytest.mark.parametrize("chapter", [Chapter(name) for name in NAMES], ids=NAMES)


def module_of(chapter):
    return importlib.import_module(f"test_chapter_{chapter.name[:2]}")


def list_after(text, mark):
    """The items of the first list after a mark."""
    return re.findall(r"^- ", text.partition(mark)[2].partition("\n\n**")[0], flags=re.MULTILINE)


def section(chapter, heading):
    return f"{chapter.text}\n".partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def words(text):
    """How many words of running text: a formula is one, a table and an address are none."""
    text = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    text = re.sub(r"\$[^$]+\$", " formula ", text)
    text = re.sub(r"\{[a-z:]+\}`([^`<]*)[^`]*`", r" \1 ", text)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    apart = ("|", "(", ":::", "```", "**Time**", "**You need**")
    lines = [line for line in text.splitlines() if not line.startswith(apart)]
    return len(re.findall(r"[^\W_][\w'’.,-]*", " ".join(lines)))


def test_every_chapter_is_in_the_book_and_in_order():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    files = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert [f"chapters/{name}" for name in NAMES] == [f for f in files if re.search(r"/\d\d-", f)]


@each_chapter
def test_it_begins_with_what_the_reader_will_be_able_to_do(chapter):
    opening = chapter.cells[0][1]
    assert re.match(r"\(ch-[a-z]+\)=\n# .+\n\nAfter this (chapter|page) you can ", opening)
    assert 3 <= len(list_after(chapter.text, "**You will**")) <= 5
    for line in TIME, r"\*\*You need\*\* \S.*":
        assert re.search(f"^{line}$", chapter.text, flags=re.MULTILINE)


@each_chapter
def test_it_has_every_section_in_order(chapter):
    headings = re.findall(r"^## (.+)$", chapter.text, flags=re.MULTILINE)
    wanted = [name for name in SECTIONS if name != "Practice" or chapter.name[:2] in PRACTISED]
    assert [heading for heading in headings if heading in SECTIONS] == wanted
    practised = "PracticeFigure(" in "\n".join(chapter.code)
    assert practised == ("Practice" in wanted)
    mistakes = re.findall(r"^\*\*.+?\*\*", section(chapter, "Mistakes people make"), flags=re.M)
    assert 3 <= len(mistakes) <= 6
    assert 4 <= len(list_after(chapter.text, "## Summary")) <= 6
    assert "{cite:p}" in section(chapter, "Further reading")


@each_chapter
def test_it_is_as_long_as_a_reader_has_patience(chapter):
    assert 1200 <= words(chapter.text.partition("\n## Exercises")[0]) <= 1800


@each_chapter
def test_its_cells_are_short_and_import_once(chapter):
    lines = [source.count("\n") + 1 for source in chapter.code]
    assert statistics.median(lines) <= 6
    assert max(lines) <= 25
    late = [s for s in chapter.code[1:] if re.search(r"^(import|from) ", s, flags=re.MULTILINE)]
    assert not late


@each_chapter
def test_its_figures_have_names_and_captions_and_are_spoken_of(chapter):
    calls = re.findall(r"\b\w+Figure\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)", chapter.source)
    assert len(calls) >= 2
    for call in calls:
        assert "caption=" in call, call
        name = re.search(r'name="(fig-[a-z-]+)"', call)
        assert name, call
    names = re.findall(r'name="(fig-[a-z0-9-]+)"', chapter.source)
    assert len(set(names)) == len(names)


def live_figures(chapter):
    """The live figures of a chapter as its notebook stores them, but not recorded trainings."""
    notebook = json.loads((CHAPTERS / f"{chapter.name}.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    figures = [html.fragment_fromstring(page) for page in pages if page.startswith("<figure")]
    return [figure for figure in figures if figure.get("data-kind") != "training"]


def numbers(figure):
    return [float(number) for number in figure.xpath("//@data-exact") if number]


@each_chapter
def test_the_copied_code_of_a_figure_makes_that_figure(chapter):
    figures = live_figures(chapter)
    assert figures
    for figure in figures:
        code = json.loads(figure.findtext(".//script"))["code"]
        for slider in figure.xpath(".//input[@data-input]"):
            log = slider.get("data-scale") == "log"
            value = 10 ** float(slider.get("value")) if log else float(slider.get("value"))
            code = code.replace(f"⟦{slider.get('data-input')}⟧", f"{value:.12g}")
        *lines, last = ast.parse(code).body
        made = {}
        exec(compile(ast.Module(lines, []), "copied", "exec"), made)
        again = eval(compile(ast.Expression(last.value), "copied", "eval"), made)
        stored = numbers(figure)
        assert numbers(html.fragment_fromstring(again.view.html)) == pytest.approx(stored, rel=1e-9)


def test_no_two_figures_of_the_book_have_one_name():
    names = [
        name
        for chapter in map(Chapter, NAMES)
        for name in re.findall(r"\bname[=:] ?\"?(fig-[a-z0-9-]+)", chapter.source + chapter.text)
    ]
    assert len(set(names)) == len(names)


@each_chapter
def test_each_exercise_says_what_to_expect_and_has_a_tested_solution(chapter):
    exercises = chapter.exercises
    assert 3 <= len(exercises) <= 5
    asked = r"^### (.+)\n\n`{3,}\{exercise\}\n:label: (\S+)\n"
    kinds = {label: kind for kind, label in re.findall(asked, chapter.text, flags=re.MULTILINE)}
    assert list(kinds) == list(exercises)
    assert set(kinds.values()) == KINDS
    solutions = re.findall(r"\{solution-start\} (\S+)\n:class: dropdown", chapter.text)
    assert solutions == list(exercises)
    for label, body in exercises.items():
        assert "Expected:" in body, label
        start, end = chapter.solution_cells(label)
        assert any(k == "code" for k, _ in chapter.cells[start:end]), label
        asked = next(i for i, (_, s) in enumerate(chapter.cells) if f":label: {label}\n" in s)
        has_starter = any(k == "code" for k, _ in chapter.cells[asked:start])
        assert has_starter or kinds[label] == "On paper", label
        assert chapter.cells[start][1].startswith("#### Solution\n"), label  # JupyterLab folds it
        alone = r"(`{3,})\{solution-end\}\n\1"  # whoever takes out a solution takes no more
        assert re.fullmatch(alone, chapter.cells[end][1].strip()), label
    assert set(module_of(chapter).EXERCISES) == set(exercises)


@each_chapter
def test_each_question_has_one_right_answer_and_a_word_on_each_wrong_one(chapter):
    assert 3 <= len(chapter.quiz) <= 4
    for question, options in chapter.quiz.items():
        titles = [title for title, _ in options]
        assert 2 <= len(options) <= 4, question
        assert len(set(titles)) == len(titles), question
        assert not [t for t in titles if set(t) & set("`$*")], "a title is text, not Markdown"
        verdicts = [re.match(r"(Right: |Wrong: |Wrong\. )", text.strip()) for _, text in options]
        assert all(verdicts), question
        assert [verdict[1] for verdict in verdicts].count("Right: ") == 1, question
        assert all(len(text.split()) >= 8 for _, text in options), question
    assert set(module_of(chapter).QUIZ) == set(chapter.quiz)


CASES = [
    pytest.param(Chapter(name), key, id=f"{name[:2]}: {key}")
    for name in NAMES
    for key in Chapter(name).exercises
]
QUESTIONS = [
    pytest.param(Chapter(name), key, id=f"{name[:2]}: {key[:40]}")
    for name in NAMES
    for key in Chapter(name).quiz
]


@pytest.mark.parametrize(("chapter", "label"), CASES)
def test_the_solution_of_an_exercise_is_right(chapter, label):
    module_of(chapter).EXERCISES[label]()


@pytest.mark.parametrize(("chapter", "question"), QUESTIONS)
def test_the_answer_called_right_is_right(chapter, question):
    right = [t for t, text in chapter.quiz[question] if text.strip().startswith("Right: ")]
    assert [module_of(chapter).QUIZ[question]()] == right
